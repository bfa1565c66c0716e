import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dockerd } from '../../test/docker/index.ts';

/** Copies of the web service, for everyone. */
export const copies = 2;
export const appPort = 3000;
/** Between the process's start and its first answer: what frameworks and connections take. */
export const bootMs = 1500;
/** How long the longest request takes. */
export const slowMs = 300;

/**
 * A web service as careful people write it: it is ready late, says so, and finishes what it has when it is told to end.
 * Whoever stops it while users are sent to it still turns them away.
 */
const server = `
import { createServer } from 'node:http';
const headers = { 'x-version': process.env.VERSION };
const server = createServer((request, response) => {
  const answer = () => response.writeHead(200, headers).end('hello\\n');
  if (request.url === '/slow') setTimeout(answer, ${slowMs});
  else answer();
});
setTimeout(() => server.listen(${appPort}), ${bootMs});
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  setTimeout(() => process.exit(0), 5000).unref();
});
`;

const image = (version: number) => `slipway-bench/app:${version}`;

/** Makes images of so many versions; they differ in what they answer. Nobody's time includes this. */
export function buildVersions(engine: Dockerd, count: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'sw-bench-image-'));
  try {
    writeFileSync(join(folder, 'server.mjs'), server);
    for (let version = 1; version <= count; version++) {
      const lines = ['FROM slipway-test/node', 'COPY server.mjs .', `ENV VERSION=${version}`];
      writeFileSync(join(folder, 'Dockerfile'), [...lines, 'CMD ["node", "server.mjs"]', ''].join('\n'));
      engine.docker('build', '-q', '-t', image(version), folder);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the healthcheck asks, and how often. So many retries that a busy machine is taken for nothing worse. */
export const healthcheck = {
  command: `wget -q -O /dev/null http://127.0.0.1:${appPort}/ready`,
  interval: '1s',
  retries: 120,
};

/** The image that a version of the app is. */
export { image as imageOf };

/** Marks the app's copies of one contender, for the count of their memory. */
export const copyMark = 'SLIPWAY_BENCH_COPY';

/** Writes the app's Compose file for a version. `ports` as Compose has them; without, somebody's router finds the copies. */
export function writeCompose(folder: string, { name, version, ports }: ComposeParts): void {
  mkdirSync(folder, { recursive: true });
  const lines = [
    `name: ${name}`,
    'services:',
    '  web:',
    `    image: ${image(version)}`,
    `    environment: { ${copyMark}: ${name} }`,
    ...(ports === null ? [] : [`    ports: ['${ports}']`]),
    '    healthcheck:',
    `      test: ${JSON.stringify(['CMD-SHELL', healthcheck.command])}`,
    `      interval: ${healthcheck.interval}`,
    `      retries: ${healthcheck.retries}`,
    `    deploy: { replicas: ${copies} }`,
    '    stop_grace_period: 10s',
    '',
  ];
  writeFileSync(join(folder, 'compose.yml'), lines.join('\n'));
}

interface ComposeParts {
  name: string;
  version: number;
  ports: string | null;
}
