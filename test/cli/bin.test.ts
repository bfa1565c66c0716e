import { execFile, spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const run = promisify(execFile);
const bin = resolve('bin/slipway.js');
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-bin-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** A copy of the command beside an entry of the test's own, told that this Node is too old. */
async function oldNodeInstallation(entry: string): Promise<string> {
  await mkdir(join(root, 'bin'));
  await mkdir(join(root, 'src/cli'), { recursive: true });
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
  await writeFile(join(root, 'src/cli/main.ts'), entry);
  const text = await readFile(bin, 'utf8');
  // The first process plays the old one; the one that it starts is told to be new enough.
  const aged = text.replace('const oldestMajor = 24;', 'const oldestMajor = process.env.SECOND ? 24 : 1000;');
  expect(aged).not.toBe(text);
  await writeFile(
    join(root, 'bin/slipway.js'),
    aged.replace("stdio: 'inherit'", "stdio: 'inherit', env: { ...process.env, SECOND: '1' }"),
  );
  return join(root, 'bin/slipway.js');
}

async function bringNode(): Promise<void> {
  await mkdir(join(root, 'node_modules/node/bin'), { recursive: true });
  await symlink(process.execPath, join(root, 'node_modules/node/bin/node'));
}

test('the command prints its version and its help', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  expect((await run(process.execPath, [bin, '--version'])).stdout).toBe(`${version}\n`);
  expect((await run(process.execPath, [bin, '--help'])).stdout).toContain('Exit codes:');
});

test('an old Node hands over to the one that npm brought, with words and exit code', async () => {
  const old = await oldNodeInstallation(
    `console.log(process.argv.slice(2).join('|')); process.exitCode = 7;`,
  );
  await bringNode();
  const error = await run(process.execPath, [old, 'ship', '--to', 'a b']).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 7, stdout: 'ship|--to|a b\n' });
});

test('signals reach the process that does the work', async () => {
  const old = await oldNodeInstallation(
    `process.on('SIGTERM', () => process.exit(9)); console.log('ready'); setInterval(() => {}, 1000);`,
  );
  await bringNode();
  const child = spawn(process.execPath, [old], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.once('data', () => child.kill('SIGTERM'));
  const code = await new Promise((done) => {
    child.on('exit', done);
  });
  expect(code).toBe(9);
});

test('an old Node alone is told what to install', async () => {
  const old = await oldNodeInstallation('');
  const error = await run(process.execPath, [old]).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('slipway needs Node 1000 or newer') as string,
  });
});

test('an installation without its program says so', async () => {
  await mkdir(join(root, 'bin'));
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
  await copyFile(bin, join(root, 'bin/slipway.js'));
  const error = await run(process.execPath, [join(root, 'bin/slipway.js')]).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: 2, stderr: expect.stringContaining('is incomplete') as string });
});
