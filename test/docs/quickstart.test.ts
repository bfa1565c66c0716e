import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile, mkdir } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandsOf, showsTruth } from './console.ts';
import { blocksOf } from './pages.ts';

/*
 * Types what these pages say, in order, and compares what each shows with what comes. A block with a file name is written
 * into the repository. `cd` of one command holds for the next.
 */

const typed = ['docs/quickstart.md', 'docs/plan.md'];

let root: string;
let env: Record<string, string>;
let port: number;
let folder: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-docs-'));
  folder = root;
  port = await freePort();
  await mkdir(join(root, 'bin'));
  await symlink(resolve('bin/slipway.js'), join(root, 'bin/slipway'));
  const { NODE_EXTRA_CA_CERTS, HTTP_PROXY, HTTPS_PROXY, NO_PROXY, npm_config_registry } = process.env;
  const network = { NODE_EXTRA_CA_CERTS, HTTP_PROXY, HTTPS_PROXY, NO_PROXY, npm_config_registry };
  env = {
    ...Object.fromEntries(
      Object.entries(network).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
    PATH: `${join(root, 'bin')}:${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: root,
    SLIPWAY: resolve('.'),
    SLIPWAY_HOME: join(root, 'home'),
    // What a page shows must not depend on the images that a machine has.
    DOCKER_HOST: `unix://${join(root, 'no-docker.sock')}`,
    SLIPWAY_HTTP: `127.0.0.1:${port}`,
    GIT_AUTHOR_NAME: 'Ana',
    GIT_AUTHOR_EMAIL: 'ana@example.com',
    GIT_COMMITTER_NAME: 'Ana',
    GIT_COMMITTER_EMAIL: 'ana@example.com',
  };
});

afterAll(async () => {
  await type('slipway down --all');
  await rm(root, { recursive: true, force: true, maxRetries: 5 });
});

test.each(typed)(
  '%s shows what really comes',
  async (page) => {
    const wrong: string[] = [];
    folder = root;
    for (const { place, language, info, text } of blocksOf(page)) {
      if (language === 'yaml' && !info.includes(' ')) {
        await mkdir(dirname(join(folder, info)), { recursive: true });
        await writeFile(join(folder, info), text);
      }
      if (info !== 'slipway-test') continue;
      for (const { command, shown } of commandsOf(text)) {
        const printed = await type(command);
        if (!showsTruth(shown, printed)) wrong.push(`${place}\n$ ${command}\n${printed.join('\n')}`);
      }
    }
    folder = root;
    await type('slipway down --all');
    expect(wrong.join('\n\n')).toBe('');
  },
  400_000,
);

/** Types a line into a shell, and gives what it prints, as a reader of the page would see it on a machine of their own. */
async function type(command: string): Promise<string[]> {
  const line = `${command.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)}; echo "at $PWD"`;
  const output = await new Promise<string>((done) => {
    execFile('bash', ['-c', `exec 2>&1; ${line}`], { cwd: folder, env }, (_, stdout) => done(stdout));
  });
  const lines = output.trimEnd().split('\n');
  folder = lines.pop()?.replace(/^at /, '') ?? folder;
  return lines.map((one) =>
    one.replaceAll(`:${port}`, ':8080').replaceAll(join(root, 'home'), '/var/lib/slipway'),
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port: found } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return found;
}
