import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Dockerd } from './dockerd.ts';
import { loadImages } from './images.ts';

const app = fileURLToPath(new URL('../rig/app', import.meta.url));

/** Puts the rig's app into an engine as `slipway-test/rig`, on top of `slipway-test/node`. */
export function loadRigImage(engine: Dockerd): void {
  loadImages(engine, ['node']);
  execFileSync(
    '/usr/bin/docker',
    ['-H', engine.url, 'build', '-q', '-t', 'slipway-test/rig', '-f', '-', app],
    {
      input: 'FROM slipway-test/node\nCOPY *.js package.json /app/\n',
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
}
