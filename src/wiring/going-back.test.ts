import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseApp } from '../app/index.ts';
import { emptyEnvironment, type EnvironmentState, type Revision } from '../delivery/index.ts';
import { makeRelease } from '../release/index.ts';
import { createBundle, openMirror, openRepository } from '../source/index.ts';
import { askRollback } from './going-back.ts';
import { layoutOf } from './layout.ts';
import type { PrepareParts } from './prepare-rollout.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sw-back-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const scope = 'shop/production';
const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;

function revision(id: string, digest: string): Revision {
  return {
    id,
    release: { digest, commit: digest.slice(7), title: `The ${id}` },
    machines: ['here'],
    project: null,
    shared: [],
    processes: [],
    hosts: [],
    configuration: { fingerprint: digest },
  } as unknown as Revision;
}

/** An environment with its history, as the store has it, and what it was asked for. */
function environment(history: { kind: string; revision: Revision }[], state: Partial<EnvironmentState>) {
  const events = history.flatMap(({ kind, revision: { id, release } }, at) =>
    [
      { type: 'rollout.requested', rollout: `ro-${at}`, kind, ...release, release: release.digest },
      { type: 'rollout.started', rollout: `ro-${at}`, revision: id },
      { type: 'rollout.succeeded', rollout: `ro-${at}` },
    ].map((data, step) => ({ id: at * 3 + step + 1, chain: scope, actor: 'ana', atMs: 1, ...data, data })),
  );
  const asked: { revision: Revision }[] = [];
  const store = {
    events: {
      list: ({ afterId }: { afterId: number }) => Promise.resolve(events.filter(({ id }) => id > afterId)),
    },
    flows: {
      get: () => Promise.resolve({ data: { ...emptyEnvironment(scope), ...state } }),
      list: () => Promise.resolve([]),
      signal: (_flow: string, _name: string, request: { rolloutId: string; revision: Revision }) => {
        asked.push(request);
        const data = { type: 'rollout.requested', rollout: request.rolloutId };
        events.push({ id: 999, chain: scope, actor: 'ana', atMs: 1, ...data, data });
        return Promise.resolve();
      },
    },
    changeToken: () => 0,
  };
  const wish = { app: 'shop', environment: 'production', actor: 'ana', force: false };
  const parts = { store, layout: layoutOf(home) } as unknown as PrepareParts;
  return { asked, back: (to: string | null = null) => askRollback({ ...wish, to }, parts) };
}

/** A release of an app of plain processes, made as a ship makes it. */
async function made(): Promise<string> {
  const clone = join(home, 'clone');
  mkdirSync(clone);
  writeFileSync(join(clone, 'server.js'), 'listen();');
  const git = (...args: string[]) => execFileSync('git', ['-C', clone, ...args], { encoding: 'utf8' }).trim();
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', 'commit', '--quiet', '-m', 'Sell');
  const commit = git('rev-parse', 'HEAD');
  const mirror = await openMirror(join(home, 'mirror.git'));
  const [ref, outFile] = ['refs/heads/main', join(home, 'bundle')];
  const repository = await openRepository(clone);
  await createBundle({ repository, commit, ref, haveCommits: [], outFile });
  await mirror.receiveBundle(outFile, ref, commit);
  const text = 'web: node server.js\n';
  const app = parseApp({ procfile: { file: 'Procfile', text }, slipwayYml: undefined, fallbackName: 'shop' });
  if (!app.ok) throw new Error('the app of this test is wrong');
  const release = await makeRelease({
    mirror,
    commit,
    app: app.value,
    artifacts: [],
    toolchain: { node: null },
    machineEnv: { PATH: process.env['PATH'] ?? '' },
    storeDirectory: layoutOf(home).app('shop').releases,
  });
  return release.digest;
}

const standing = (one: Revision) => ({
  revision: one,
  window: { elapsedMs: 0, lastSeenMs: 0 },
  windowMs: 60_000,
});

test('whoever goes back twice is not led to what was left, and is told how to get there', async () => {
  const [good, bad] = [revision('r1', digestOf('a')), revision('r2', digestOf('b'))];
  const history = [
    { kind: 'deploy', revision: good },
    { kind: 'deploy', revision: bad },
    { kind: 'rollback', revision: good },
  ];
  const { asked, back } = environment(history, { stable: good, standby: standing(bad) });
  await expect(back()).rejects.toMatchObject({
    code: 'wiring/no-earlier-release',
    message: 'nothing has run here before r1 (aaaaaaa) but what a rollback has left',
    notes: ['left last: r2 (bbbbbbb) The r2'],
    help: 'to go to that again, name it: slipway rollback --to r2',
  });
  expect(asked).toEqual([]);
  await back('r2');
  expect(asked.map((one) => one.revision.id)).toEqual(['r2']);
});

test('what is not remembered starts with what is set today, and that is said', async () => {
  const [old, now] = [revision('r1', await made()), revision('r7', digestOf('b'))];
  const history = [old, now].map((one) => ({ kind: 'deploy', revision: one }));
  const { back } = environment(history, { stable: now });
  expect((await back('r1')).notes).toEqual([
    expect.stringMatching(
      /^r1 \(\w{7}\) ran too long ago .* with the secrets, variables and env file of today$/,
    ),
  ]);
  const again = { ...old, id: 'r4' };
  const remembered = environment(history, { stable: now, past: [again] });
  expect((await remembered.back('r1')).notes).toEqual([
    expect.stringMatching(/^r1 \(\w{7}\) starts with the configuration of r4, which is the same release$/),
  ]);
  expect((await environment(history, { stable: now, past: [old] }).back('r1')).notes).toEqual([]);
});

test('a release whose files Slipway has removed is to be shipped again', async () => {
  const [old, now] = [revision('r1', digestOf('a')), revision('r7', digestOf('b'))];
  const history = [old, now].map((one) => ({ kind: 'deploy', revision: one }));
  await expect(environment(history, { stable: now }).back('r1')).rejects.toMatchObject({
    code: 'wiring/release-gone',
    message: 'the release of r1 (aaaaaaa) is not on this machine any more',
    help: 'ship that commit again, with "slipway ship": The r1',
  });
});
