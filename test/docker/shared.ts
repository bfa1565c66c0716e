import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startDockerd, type Dockerd } from './dockerd.ts';
import { loadImages } from './images.ts';

/*
 * One engine with all base images for a whole run of vitest, started when the first file asks for it.
 * Test files run in processes of their own, so the run's main process holds it and answers on a socket.
 */

const variable = 'SLIPWAY_RIG_DOCKER';

/** For vitest's `globalSetup`. */
export default function setUp(_project: TestProject): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-docker-keeper-'));
  const door = join(folder, 'door');
  let engine: Promise<Dockerd> | null = null;
  const server = createServer((_, response) => {
    engine ??= startWithImages();
    engine.then(
      ({ url }) => response.end(JSON.stringify({ url })),
      (error: Error) => response.end(JSON.stringify({ failed: error.message })),
    );
  }).listen(door);
  process.env[variable] = door;
  return async () => {
    await new Promise((done) => server.close(done));
    const started = await engine?.catch(() => null);
    await started?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

async function startWithImages(): Promise<Dockerd> {
  const dockerd = await startDockerd();
  loadImages(dockerd, ['node', 'postgres', 'redis']);
  return dockerd;
}

/** The run's engine, as `unix:///…`. Remove what a test makes there: other files use it too. */
export async function sharedDockerd(): Promise<string> {
  const socketPath = process.env[variable];
  if (socketPath === undefined) throw new Error('this project has no globalSetup with test/docker/shared.ts');
  const text = await new Promise<string>((resolve, reject) => {
    const outgoing = request({ socketPath, path: '/', agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('end', () => resolve(body));
    });
    outgoing.on('error', reject).end();
  });
  const { url, failed } = JSON.parse(text) as { url?: string; failed?: string };
  if (url === undefined) throw new Error(`the engine did not start: ${failed}`);
  return url;
}
