import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRepository } from '../source/index.ts';
import { startFakeServer, type Answer, type FakeServer } from './testing/fake-server.ts';
import { aHealth, aPlan, aRun, aShip, aStatus, shipStory } from './testing/views.ts';
import { runInWorld } from './testing/world.ts';

let root: string;
let head: string;
let fake: FakeServer;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-ship-'));
  await writeFile(join(root, 'Procfile'), 'web: node server.js\n');
  await writeFile(join(root, 'slipway.yml'), 'name: medianest\n');
  const git = (...words: string[]) => execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
  git('init', '-q', '-b', 'main');
  git('config', 'user.name', 'Ana');
  git('config', 'user.email', 'ana@example.com');
  git('add', '.');
  git('commit', '-q', '-m', 'Add a health page');
  head = git('rev-parse', 'HEAD');
  fake = await startFakeServer({
    'GET /v1/health': { json: aHealth() },
    'GET /v1/status': { json: aStatus() },
    'GET /v1/apps/medianest/heads': { json: { commits: [] } },
    [`PUT /v1/apps/medianest/commits/${head}`]: { status: 204, json: '' },
    'POST /v1/ships': { json: { ship: 'ship-1' } },
    'POST /v1/plans': { json: aPlan() },
  });
});

afterEach(async () => {
  await fake.stop();
  await rm(root, { recursive: true, force: true });
});

function ship(words: string[], over: Parameters<typeof runInWorld>[2] = {}) {
  return runInWorld(words, fake.home, { cwd: root, openRepository: () => openRepository(root), ...over });
}

function watch(answer: Answer | Answer[]): void {
  fake.answers['GET /v1/ships/ship-1/watch'] = answer;
}

test('the commit travels as a bundle, then the ship is followed to its end', async () => {
  watch({ lines: shipStory() });
  const { code, out } = await ship(['ship']);
  expect(code).toBe(0);
  const lines = out.split('\n');
  expect(lines[0]).toBe('[medianest] abc1234 Add a health page');
  expect(lines.slice(-5)).toEqual([
    '✓ abc1234 Add a health page: live on production in 13.2s',
    '  ENVIRONMENT  SERVES  ASKED FOR  LIVE AFTER  CONFIRMED',
    '  production   r2      8.3s       9.5s        13.0s',
    '  production  http://medianest.localhost:8080',
    '',
  ]);
  const calls = fake.seen.map(({ call }) => call);
  expect(calls.filter((call) => !call.startsWith('GET'))).toEqual([
    `PUT /v1/apps/medianest/commits/${head}?ref=refs%2Fheads%2Fmain`,
    'POST /v1/ships',
  ]);
  expect(fake.seen.find(({ call }) => call.startsWith('PUT'))?.body).toMatch(/^# v2 git bundle\n/);
  expect(JSON.parse(fake.seen.find(({ call }) => call === 'POST /v1/ships')?.body ?? '')).toEqual({
    app: 'medianest',
    commit: head,
    ref: 'refs/heads/main',
    actor: 'Ana',
    defaultBranch: 'main',
  });
});

test('with --json each view is a line, and nothing else is', async () => {
  watch({ lines: shipStory() });
  const { out } = await ship(['ship', '--json']);
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual(shipStory());
});

test('a server that goes away is waited for, and its successor is followed', async () => {
  const story = shipStory();
  watch([{ lines: story.slice(0, 3) }, { lines: story.slice(2) }]);
  const { code, err } = await ship(['ship']);
  expect(code).toBe(0);
  expect(err).toBe('the server does not answer; waiting for it (what runs goes on)\n');
});

test('a ship that failed is exit code 1', async () => {
  watch({ lines: [aShip({ state: 'failed', reason: 'no workflow passed', runs: [aRun()] })] });
  const { code, out } = await ship(['ship']);
  expect(code).toBe(1);
  expect(out).toContain('✗ abc1234 Add a health page: failed');
});

test('Ctrl-C leaves the ship to the server and says how to come back', async () => {
  watch({ lines: shipStory().slice(0, 2), open: true });
  const onInterrupt = (callback: () => void) => {
    setImmediate(callback);
    return () => {};
  };
  const { code, err } = await ship(['ship'], { onInterrupt });
  expect(code).toBe(130);
  expect(err.split('\n')).toEqual([
    'ship-1 goes on in the server',
    '  watch it:  slipway status --watch',
    '  its logs:  slipway logs -f ship-1',
    '  abort it:  slipway abort',
    '',
  ]);
});

test('--detach only says which ship it is', async () => {
  expect(await ship(['ship', '--detach', '--json'])).toEqual({
    code: 0,
    out: '{"ship":"ship-1"}\n',
    err: '',
  });
});

test('changed files stop a ship before anything is sent, unless they are meant to be left out', async () => {
  await writeFile(join(root, 'new.txt'), 'x');
  const dirty = await ship(['ship']);
  expect(dirty.code).toBe(2);
  expect(dirty.err).toContain('error[source/dirty-tree]');
  expect(fake.seen).toEqual([]);
  expect(await ship(['ship', '--detach', '--allow-dirty'])).toMatchObject({ code: 0 });
});

test('mistakes in files are shown with their line, before anything is sent', async () => {
  await writeFile(join(root, 'slipway.yml'), 'name: medianest\nenviroments: {}\n');
  const { code, err } = await ship(['ship', '--allow-dirty']);
  expect(code).toBe(2);
  expect(err).toContain('slipway.yml:2:1');
  expect(err).toContain('2 | enviroments: {}');
  expect(fake.seen).toEqual([]);
});

test('a server of this machine is started when none runs', async () => {
  watch({ lines: shipStory() });
  const { home } = fake;
  const started: unknown[] = [];
  const { code, err } = await runInWorld(['ship', '--detach'], `${home}/none`, {
    cwd: root,
    openRepository: () => openRepository(root),
    connect: async (place) => {
      const { connectServer } = await import('../server/index.ts');
      return { ...connectServer({ home }), health: () => connectServer(place).health() };
    },
    startServer: (request) => {
      started.push(request);
      return Promise.resolve({ health: aHealth(), started: true });
    },
  });
  expect(code).toBe(0);
  expect(err).toBe('started a server; users are answered at http://127.0.0.1:8080\n');
  expect(started).toEqual([{ home: `${home}/none`, listen: null, jobEnv: { PATH: '/usr/bin' } }]);
});

test('plan sends the commit, shows the page, and errors in it are exit code 2', async () => {
  const good = await ship(['plan']);
  expect(good).toMatchObject({ code: 0, err: '' });
  expect(good.out).toContain('2. Deploy [production] deploys ← lint, test');
  const findings = [{ code: 'workflow/x', severity: 'error' as const, message: 'no', notes: [] }];
  fake.answers['POST /v1/plans'] = { json: aPlan({ findings }) };
  expect(await ship(['plan'])).toMatchObject({ code: 2, err: '\nerror[workflow/x]: no\n' });
});
