import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { chooseRouter, rememberedRouter } from './choose-router.ts';
import { layoutOf } from './layout.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'slipway-choice-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

test('a home has the embedded router until somebody says otherwise', async () => {
  expect(await rememberedRouter(layoutOf(home))).toBe('embedded');
  await chooseRouter(home, 'embedded');
  expect(await rememberedRouter(layoutOf(home))).toBe('embedded');
});

test('another router is refused while the server runs, the same one is not', async () => {
  const server = createServer().listen(layoutOf(home).serverSocket);
  await once(server, 'listening');
  await chooseRouter(home, 'embedded');
  const program = join(home, 'haproxy');
  await writeFile(program, '', { mode: 0o755 });
  vi.stubEnv('PATH', home);
  await expect(chooseRouter(home, 'haproxy')).rejects.toMatchObject({
    code: 'wiring/router-in-use',
    help: 'stop it first (apps go on): slipway down && slipway up --router haproxy',
  });
  await new Promise((resolve) => server.close(resolve));
  await chooseRouter(home, 'haproxy');
  expect(await rememberedRouter(layoutOf(home))).toBe('haproxy');
});
