import { afterEach, expect, test } from 'vitest';
import { Readable } from 'node:stream';
import { refusal, startFakeServer, type Answer, type FakeServer } from './testing/fake-server.ts';
import { aHealth, anEnvironment, aRollout, aStatus, startMs } from './testing/views.ts';
import { runInWorld } from './testing/world.ts';

let fake: FakeServer | undefined;

afterEach(async () => {
  await fake?.stop();
  fake = undefined;
});

async function serve(answers: Record<string, Answer | Answer[]>): Promise<FakeServer> {
  fake = await startFakeServer({
    'GET /v1/health': { json: aHealth() },
    'GET /v1/status': { json: aStatus() },
    ...answers,
  });
  return fake;
}

test('a mistyped command or flag gets the near one, and exit code 2', async () => {
  expect(await runInWorld(['shpi'], '/nowhere')).toEqual({
    code: 2,
    out: '',
    err: 'error[cli/unknown-command]: unknown command "shpi"\n  = help: did you mean "ship"?\n',
  });
  expect(await runInWorld(['ship', '--detatch'], '/nowhere')).toMatchObject({
    code: 2,
    err: 'error[cli/unknown-option]: unknown option "--detatch"\n  = help: did you mean "--detach"?\n',
  });
  expect(await runInWorld(['logs', '-n', 'many'], '/nowhere')).toMatchObject({ code: 2 });
});

test('without a server: exit code 3 and how to start one', async () => {
  const { code, err, out } = await runInWorld(['status'], '/nowhere');
  expect({ code, out }).toEqual({ code: 3, out: '' });
  expect(err).toContain('error[server/unreachable]: no server runs for /nowhere');
  expect(err).toContain('help: start one with "slipway up"');
});

test('with --json, mistakes are an object on standard output, too', async () => {
  const { out } = await runInWorld(['status', '--json'], '/nowhere');
  expect(JSON.parse(out)).toMatchObject({ findings: [{ code: 'server/unreachable' }] });
});

test('status prints the page, and with --json the view', async () => {
  const { home } = await serve({});
  expect((await runInWorld(['status'], home)).out).toContain('medianest/production  r1');
  const { code, out } = await runInWorld(['status', '--json'], home);
  expect(code).toBe(0);
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([aStatus()]);
});

test('a rule that says no is exit code 4, a mistake in what was asked 2', async () => {
  const no = refusal('wiring/rollout-under-way', 'a rollout is under way', 'slipway abort');
  const server = await serve({ 'POST /v1/rollbacks': { status: 409, json: no } });
  expect(await runInWorld(['rollback'], server.home)).toEqual({
    code: 4,
    out: '',
    err: 'error[wiring/rollout-under-way]: a rollout is under way\n  = help: slipway abort\n',
  });
  server.answers['POST /v1/rollbacks'] = { status: 422, json: refusal('wiring/no-such-revision', 'no r9') };
  expect(await runInWorld(['rollback', '--to', 'r9'], server.home)).toMatchObject({ code: 2 });
});

test('rollback means production, follows the rollout and tells how it ended', async () => {
  const under = aRollout({ kind: 'rollback', state: 'shifting', weightPercent: 100, detail: 'moves 100 %' });
  const done = { ...under, state: 'succeeded', detail: 'all well', liveAtMs: startMs + 11_000 };
  const server = await serve({
    'POST /v1/rollbacks': { json: { rollout: 'ro-1', notes: ['it starts with the secrets of today'] } },
    'GET /v1/rollouts/ro-1/watch': [
      { status: 404, json: refusal('wiring/no-such-rollout', 'not yet') },
      { lines: [under, done] },
    ],
  });
  const { code, out, err } = await runInWorld(['rollback', '--to', 'r1'], server.home);
  expect(err).toBe('note: it starts with the secrets of today\n');
  expect(out.split('\n')).toEqual([
    '[production] ● r2 shifting 100 %: moves 100 %',
    '[production] ✓ r2 succeeded: all well',
    '',
    '✓ production serves r2 (abc1234 Add a health page), live 1.0s after it was asked for',
    '  http://medianest.localhost:8080',
    '  r1 again: slipway rollback production --to r1',
    '',
  ]);
  expect(code).toBe(0);
  const asked = server.seen.find(({ call }) => call === 'POST /v1/rollbacks');
  expect(JSON.parse(asked?.body ?? '')).toMatchObject({
    app: 'medianest',
    environment: 'production',
    to: 'r1',
  });
});

test('a rollback that failed is exit code 1', async () => {
  const server = await serve({
    'POST /v1/rollbacks': { json: { rollout: 'ro-1' } },
    'GET /v1/rollouts/ro-1/watch': { lines: [aRollout({ state: 'failed', detail: 'no' })] },
  });
  expect(await runInWorld(['rollback', 'staging'], server.home)).toMatchObject({ code: 1 });
});

test('where there is a choice of apps or environments, it is not guessed', async () => {
  const two = [anEnvironment({ environment: 'a' }), anEnvironment({ environment: 'b' })];
  const server = await serve({ 'GET /v1/status': { json: aStatus({ environments: two }) } });
  const which = await runInWorld(['rollback'], server.home);
  expect(which.code).toBe(2);
  expect(which.err).toContain('environments: a, b');
  server.answers['GET /v1/status'] = {
    json: aStatus({ environments: [...two, anEnvironment({ app: 'other' })] }),
  };
  expect((await runInWorld(['rollback'], server.home)).err).toContain('the server knows medianest, other');
});

test('abort takes the name of an environment, a rollout or a ship', async () => {
  const environments = [anEnvironment({ rollout: aRollout() })];
  const server = await serve({
    'GET /v1/status': { json: aStatus({ environments }) },
    'POST /v1/aborts': { json: { rollouts: ['ro-1'] } },
  });
  const asked = async (...words: string[]) => {
    const { out } = await runInWorld(['abort', ...words], server.home);
    expect(out).toBe('aborted: ro-1; see: slipway status\n');
    return JSON.parse(server.seen.findLast(({ call }) => call === 'POST /v1/aborts')?.body ?? '') as unknown;
  };
  expect(await asked('ro-1')).toMatchObject({ rollout: 'ro-1' });
  expect(await asked('production')).toMatchObject({ app: 'medianest', environment: 'production' });
  expect(await asked()).toMatchObject({ app: 'medianest' });
  expect(await runInWorld(['abort', 'producton'], server.home)).toEqual({
    code: 2,
    out: '',
    err: `error[cli/unknown-target]: nothing under way and no environment is called "producton"
  = environments: production
  = under way: ro-1
  = help: did you mean "production"?
`,
  });
});

test('logs: a name of an environment means its processes, any other a ship', async () => {
  const lines = [{ source: 'r1-web-1', atMs: null, text: 'listening' }];
  const server = await serve({ 'GET /v1/logs': { lines }, 'GET /v1/ships': { json: [{ id: 'ship-9' }] } });
  expect((await runInWorld(['logs', 'production', '-n', '5'], server.home)).out).toBe(
    '[r1-web-1] listening\n',
  );
  await runInWorld(['logs'], server.home);
  await runInWorld(['logs', 'ship-7', '--job', 'test (20)'], server.home);
  await runInWorld(['logs', '--job', 'test'], server.home);
  expect(server.seen.filter(({ call }) => call.includes('/logs')).map(({ call }) => call)).toEqual([
    'GET /v1/logs?app=medianest&environment=production&lines=5',
    'GET /v1/logs?app=medianest&environment=production',
    'GET /v1/logs?ship=ship-7&job=test+%2820%29',
    'GET /v1/logs?ship=ship-9&job=test',
  ]);
});

test('an audit that finds something is exit code 1', async () => {
  const chains = [{ chain: 'server', verdict: { kind: 'head-missing' }, message: 'chain "server": gone' }];
  const problems = [{ code: 'store/audit-head-missing', severity: 'error', message: 'gone', notes: [] }];
  const server = await serve({ 'POST /v1/audit': { json: { intact: false, chains, problems } } });
  const { code, out, err } = await runInWorld(['audit', 'medianest/production'], server.home);
  expect(code).toBe(1);
  expect(out).toBe('✗ chain "server": gone\nthe log is not as it was written\n');
  expect(err).toBe('\nerror[store/audit-head-missing]: gone\n');
  expect(server.seen.at(-1)?.body).toBe('{"chain":"medianest/production"}');
});

test('a secret comes from stdin, loses one line end, and is never printed', async () => {
  const server = await serve({ 'PUT /v1/secrets': { json: { version: 2 } } });
  const stdin = Readable.from(['hunter2\n']) as NodeJS.ReadStream;
  const set = await runInWorld(['secrets', 'set', 'KEY', '-e', 'production'], server.home, { stdin });
  expect(set.out).toBe('KEY of medianest/production is kept, version 2; the next rollout takes it\n');
  expect(JSON.parse(server.seen.at(-1)?.body ?? '')).toMatchObject({ name: 'KEY', value: 'hunter2' });
  const nothing = await runInWorld(['secrets', 'set', 'KEY', '-e', 'production'], server.home);
  expect(nothing).toMatchObject({ code: 2 });
  expect(await runInWorld(['secrets', 'set', 'KEY'], server.home)).toMatchObject({ code: 2 });
  expect(await runInWorld(['secrets', 'set', 'KEY', 'hunter2', '-e', 'p'], server.home)).toMatchObject({
    code: 2,
  });
});

test('up says where it listens, where it keeps things, and what it serves', async () => {
  const server = await serve({});
  expect(
    (await runInWorld(['up', '--job-env', 'A=1', '--job-env', 'B=2'], server.home)).out.split('\n'),
  ).toEqual([
    '✓ the server runs now (process 42)',
    '  users    http://127.0.0.1:8080',
    '  home     /var/lib/slipway',
    'serving',
    '  medianest/production  r1  9f8e7d6 First  http://medianest.localhost:8080',
    '',
  ]);
});

test('down says what goes on', async () => {
  const asked: unknown[] = [];
  const said = 'r1-web-1 of shop/production has ended, but the hook in compose.yml:7 ended with exit code 3';
  const stopServer = (request: unknown) => {
    asked.push(request);
    return Promise.resolve([said]);
  };
  const { out } = await runInWorld(['down'], '/h', { stopServer });
  expect(out).toContain('apps go on and are still served');
  const { out: json } = await runInWorld(['down', '--all', '--json'], '/h', { stopServer });
  expect(JSON.parse(json)).toMatchObject({ stopped: true, warnings: [said] });
  expect(asked).toEqual([
    { home: '/h', all: false },
    { home: '/h', all: true },
  ]);
  expect((await runInWorld(['down', '--all'], '/h', { stopServer })).out).toContain(`warning: ${said}\n`);
});

test('a bug says that it is one', async () => {
  const stopServer = () => Promise.reject(new TypeError('x is undefined'));
  const { code, err } = await runInWorld(['down'], '/h', { stopServer });
  expect(code).toBe(1);
  expect(err).toContain(
    'error[cli/bug]: this is a mistake in Slipway, not yours\n  = TypeError: x is undefined',
  );
});
