// Runs in a container: asks for its flags with the official SDK and provider, which find them by variables alone.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
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

/** Tells that a user met trouble, if they have the variant that breaks. */
async function tellTrouble(targetingKey) {
  const theme = await OpenFeature.getClient('in-process').getStringValue('theme', '', { targetingKey });
  if (!theme.endsWith('changed')) return null;
  const { FLAGD_SOCKET_PATH: socketPath } = process.env;
  const outgoing = request({ socketPath, path: '/slipway/v1/troubles', method: 'POST' });
  outgoing.end(JSON.stringify({ targetingKey }));
  const [answer] = await once(outgoing, 'response');
  answer.resume();
  return answer.statusCode;
}

createServer((incoming, response) => {
  response.setHeader('connection', 'close');
  const [, troubled] = /^\/trouble\/(.+)$/.exec(incoming.url) ?? [];
  if (troubled !== undefined) {
    void tellTrouble(troubled).then((status) => response.end(JSON.stringify({ status })));
    return;
  }
  if (incoming.url === '/health') {
    response.end('ok');
    return;
  }
  look().then(
    (seen) => response.end(JSON.stringify(seen)),
    (error) => response.writeHead(500).end(String(error)),
  );
}).listen(3000);
process.on('SIGTERM', () => process.exit(0));
