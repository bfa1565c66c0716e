import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processesOf, signal } from '../rig/index.ts';
import { expectText } from './expect-text.ts';
import { freePort, setStage, takePort, type Stage } from './stage.ts';

const isRoot = process.getuid?.() === 0;
let stage: Stage;

beforeAll(() => {
  stage = setStage();
});

afterAll(() => stage.close());

test.each(['status', 'rollback', 'abort', 'logs', 'history', 'audit', 'down'])(
  '"%s" without a server',
  async (command) => {
    const seen = await stage.run([command]);
    await expectText(`no-server-${command}`, seen, command === 'down' ? 0 : 3);
  },
);

test('a machine that ssh does not reach', async () => {
  await expectText('bad-host', await stage.run(['status', '--host', '-oProxyCommand=sh']), 2);
});

test('a port that somebody has', async () => {
  const { port, server } = await takePort();
  stage.hide(`:${port}`, ':<port>');
  stage.hide(`:${port + 1}`, ':<next port>');
  await expectText('port-taken', await stage.run(['up', '--http', `127.0.0.1:${port}`]), 1);
  await new Promise((done) => server.close(done));
});

test('an address that this machine does not have', async () => {
  const port = await freePort();
  stage.hide(`:${port}`, ':<port>');
  await expectText('foreign-address', await stage.run(['up', '--http', `192.0.2.1:${port}`]), 1);
});

test('a home whose path is too long for a socket', async () => {
  const home = join(stage.root, 'a'.repeat(100));
  await expectText('home-too-long', await stage.run(['up', '--home', home]), 1);
});

test('a home that is a file', async () => {
  const home = join(stage.root, 'file');
  writeFileSync(home, '');
  await expectText('home-is-a-file', await stage.run(['up', '--home', home]), 1);
});

test('a home that nobody may write', async ({ skip }) => {
  // Root writes everywhere, unless the right to is taken away.
  const through = isRoot ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
  if (isRoot && !existsSync('/usr/bin/setpriv')) skip('needs setpriv: apt-get install util-linux');
  const folder = join(stage.root, 'locked');
  mkdirSync(folder);
  chmodSync(folder, 0o555);
  await expectText(
    'home-not-writable',
    await stage.run(['up', '--home', join(folder, 'home')], { through }),
    1,
  );
});

test('a local run that may not write its home, or read a file', async ({ skip }) => {
  const through = isRoot ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
  if (isRoot && !existsSync('/usr/bin/setpriv')) skip('needs setpriv: apt-get install util-linux');
  const cwd = stage.repository('locked-shop');
  const folder = join(stage.root, 'locked-state');
  mkdirSync(folder);
  chmodSync(folder, 0o555);
  const home = join(folder, 'home');
  // The text names a folder that differs from machine to machine.
  const { text, exitCode } = await stage.run(['run', '--home', home], { cwd, through });
  expect(text).toContain(
    'error[cli/no-access]: the system does not let you use <tmp>/locked-state/home/local/',
  );
  expect(exitCode).toBe(1);
  writeFileSync(join(cwd, 'private.txt'), '', { mode: 0 });
  await expectText('run-unreadable-file', await stage.run(['run'], { cwd, through }), 2);
});

/** A folder of its own that holds next to nothing. */
async function onTinyDisk(sizeKib: number, use: (folder: string) => Promise<void>): Promise<void> {
  const disk = join(stage.root, `disk-${sizeKib}`);
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKib}k`, 'tmpfs', disk]);
  try {
    await use(disk);
  } finally {
    for (const { pid } of processesOf(disk)) signal(pid, 'SIGKILL');
    execFileSync('umount', ['--lazy', disk]);
  }
}

test.skipIf(!isRoot)('a full disk when the server starts (only root can make one)', () =>
  onTinyDisk(64, async (home) => {
    stage.hide(home, '<home>');
    const port = await freePort();
    stage.hide(`:${port}`, ':<port>');
    const seen = await stage.run(['up', '--home', home, '--http', `127.0.0.1:${port}`]);
    await expectText('full-disk-at-start', seen, 1);
  }),
);

test.skipIf(!isRoot)('a disk that is full when a commit comes (only root can make one)', () =>
  onTinyDisk(4096, async (home) => {
    stage.hide(home, '<home>');
    const up = await stage.run(['up', '--home', home, '--http', `127.0.0.1:${await freePort()}`]);
    expect(up.exitCode, up.text).toBe(0);
    const folder = stage.repository('full');
    execFileSync('sh', ['-c', `cat /dev/zero > '${join(home, 'filler')}' || true`], { stdio: 'ignore' });
    await expectText('full-disk-at-ship', await stage.run(['ship', '--home', home], { cwd: folder }), 1);
  }),
);
