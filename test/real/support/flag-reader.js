// Runs in a container: asks for its flags with the official SDK and provider, which find them by variables alone.
import { createServer } from 'node:http';
import { readdirSync } from 'node:fs';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature } from '@openfeature/server-sdk';

const modes = process.env.FLAGD_SOCKET_PATH ? ['in-process', 'rpc'] : [];
for (const resolverType of modes) OpenFeature.setProvider(resolverType, new FlagdProvider({ resolverType }));

async function look() {
  const answers = modes.map(async (mode) => {
    const client = OpenFeature.getClient(mode);
    return [mode, await client.getStringValue('theme', 'the default of the code')];
  });
  return {
    version: process.env.VERSION,
    user: process.getuid(),
    door: process.env.FLAGD_SOCKET_PATH ? readdirSync('/run/slipway-flags') : null,
    ...Object.fromEntries(await Promise.all(answers)),
  };
}

createServer((request, response) => {
  response.setHeader('connection', 'close');
  if (request.url === '/health') {
    response.end('ok');
    return;
  }
  look().then(
    (seen) => response.end(JSON.stringify(seen)),
    (error) => response.writeHead(500).end(String(error)),
  );
}).listen(3000);
process.on('SIGTERM', () => process.exit(0));
