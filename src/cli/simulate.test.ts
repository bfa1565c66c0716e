import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SimulationReport } from '../simulation/index.ts';
import type { Repository } from '../source/index.ts';
import { startFakeServer } from './testing/fake-server.ts';
import { aHealth, anEnvironment, aStatus } from './testing/views.ts';
import { runInWorld, type Outcome } from './testing/world.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-simulate-'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

const slipwayYml = `name: shop
environments:
  staging: {}
  production:
    strategy: { canary: { steps: [25%, 100%], hold: 2m } }
`;

async function simulate(words: string[], yml: string | null = slipwayYml, home = root): Promise<Outcome> {
  if (yml !== null) {
    await writeFile(join(root, 'slipway.yml'), yml);
    await writeFile(join(root, 'Procfile'), 'web: node server.js\n');
  }
  const repository = { root, defaultBranch: () => Promise.resolve('main') } as unknown as Repository;
  const openRepository = () => Promise.resolve(repository);
  const over = yml === null ? {} : { openRepository };
  return runInWorld(['simulate', ...words, '--rollouts', '20'], home, { ...over, cwd: root });
}

test('says how often and how soon each bad version would be stopped', async () => {
  const { code, out, err } = await simulate(['--requests', '3000/m']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatchInlineSnapshot(`
    "shop/production  25% for 2m, then all, watched for 10s
    judge balanced: at most 1 % of good ones go back; undecided: go-on
    3,000 requests a minute in sessions of 5; 0.2 % fail, each by itself; half take less than 80 ms, 95 of 100 less than 215 ms

    NEW REVISION            STOPPED           AFTER    OVER TIME     WOULD TAKE
    as good as the old      0 % (0-16.1)               ············
    2 % of requests fail    100 % (83.9-100)  37 s     ▁▃▅▆▇▇██████  362 sessions, 36 s
    0.5 % of requests fail  5 % (0.89-23.6)   1.1 min  ······▁▁▁▁▁▁  5,289 sessions, 8.8 min
    1.6 times as slow       100 % (83.9-100)  33 s     ··▄█████████  241 sessions, 24 s

    20 rollouts each, seed 1; in brackets: where the true share is, with 95 % confidence
    half and more of some would get through: stay longer, such as --steps 25%:9m, or have Slipway send requests of its own (judge: probes)
    "
  `);
});

test('without a repository the defaults are played, with the same seed the same users', async () => {
  const first = await simulate([], null);
  expect(first.out).toContain('app/production  10% for 1m, 50% for 1m, then all, watched for 10s\n');
  expect(first.out).toContain('50 requests a minute in sessions of 5; 0.2 % fail, each by itself');
  expect(await simulate([], null)).toEqual(first);
  expect((await simulate(['--seed', '2', '--requests', '900/m'], null)).out).not.toBe(first.out);
});

test('flags say what comes, and what the new revision is like', async () => {
  const words = ['production', '--requests', '20/s', '--errors', '1%', '--bad-errors', '10%', '--slow', '2x'];
  const more = ['--cluster', '4', '--noise', '--judge', 'fast', '--steps', '10%:30s,50%', '--json'];
  const { out } = await simulate([...words, ...more]);
  const { plan, traffic, judge, candidates } = JSON.parse(out) as SimulationReport;
  expect(plan.steps).toEqual([
    { weightPercent: 10, holdMs: 30_000 },
    { weightPercent: 50, holdMs: 60_000 },
  ]);
  expect(traffic).toMatchObject({
    requestsPerMinute: 1_200,
    requestsPerSession: 4,
    errorShare: 0.01,
    failures: 'together',
    bursts: { errorShare: 0.2 },
  });
  expect(judge.level).toBe('fast');
  expect(candidates.map(({ candidate }) => candidate.name)).toEqual([
    'as good as the old',
    '10 % of requests fail',
    '2 times as slow',
  ]);
});

test('a page holds the picture and asks nobody for anything', async () => {
  const { err } = await simulate(['--output', 'page.html', '--bad-errors', '5%', '--requests', '3000/m']);
  expect(err).toBe('the page is in page.html\n');
  const page = await readFile(join(root, 'page.html'), 'utf8');
  expect(page).toContain('<title>What the judge would do in shop/production</title>');
  expect(page.match(/<path class="line\d" d="M44 216L/g)).toHaveLength(2);
  expect(page).not.toMatch(/https?:|<script|src=/);
  // The picture has a least width, which its keys must not inherit.
  expect(page).toContain('svg.key { width: 24px; min-width: 0;');
  expect((await simulate(['--output', 'no/such/page.html'])).err).toContain('error[cli/not-written]');
});

test('a new revision may break whatever it is asked', async () => {
  const { out } = await simulate(['--bad-errors', '100%', '--requests', '3000/m']);
  expect(out).toMatch(/100 % of requests fail +100 %/);
});

test('where most requests fail already, the bad ones are still worse', async () => {
  const { out } = await simulate(['--errors', '90%', '--json']);
  const { candidates } = JSON.parse(out) as SimulationReport;
  expect(candidates.map(({ candidate }) => candidate.errorShare)).toEqual([0.9, 0.99, 0.96, 0.9]);
});

test('so little traffic that no stay is long enough', async () => {
  const { out } = await simulate(['--requests', '1/h']);
  expect(out).toContain('\n1 request an hour in sessions of 5;');
  expect(out).toContain('and no stay of a day would change that: have Slipway send requests of its own');
});

describe('mistakes', () => {
  test.each([
    ['--requests', '50', 'Write it like this: 50/m'],
    ['--errors', '0.2', 'Write it like this: 0.2%'],
    ['--slow', '0.5x', 'Write it like this: 1.6x'],
    ['--steps', '50%,10%', 'The shares must rise: 10%,50%'],
    ['--steps', '10%:5', '"5" has no unit'],
    ['--seed', '99999999999999999999', 'It must be a whole number from 1 on.'],
    ['--bad-errors', '101%', 'Write it like this: 0.2%'],
  ])('%s %s is wrong usage', async (flag, value, said) => {
    const { code, err } = await simulate([flag, value]);
    expect(code).toBe(2);
    expect(err).toContain('error[cli/invalid-argument]');
    expect(err).toContain(said);
  });

  test('more rollouts than a machine has room for', async () => {
    const { code, err } = await simulate(['--rollouts', '1000000000']);
    expect(code).toBe(2);
    expect(err).toContain('It must be a whole number from 1 to 100,000.');
  });

  test('two lengths of sessions', async () => {
    const { code, err } = await simulate(['--cluster', '20', '--session', '3']);
    expect(code).toBe(2);
    expect(err).toContain('option "--cluster <requests>" cannot be used with option "--session <requests>"');
  });

  test('an environment that there is not', async () => {
    expect(await simulate(['stagign'])).toEqual({
      code: 2,
      out: '',
      err: `error[cli/unknown-target]: no environment is called "stagign"
  = environments: staging, production
  = help: did you mean "staging"?
`,
    });
  });

  test('a strategy that puts nobody on both revisions', async () => {
    expect(await simulate(['staging'])).toEqual({
      code: 2,
      out: '',
      err: `error[cli/nothing-to-judge]: users of staging are never on both revisions, so there is nothing to compare
  = its strategy is blue-green, and its judge has no bound of its own
  = help: try steps: slipway simulate --steps 10%,50%
`,
    });
    expect((await simulate(['staging', '--steps', '10%'])).code).toBe(0);
  });
});

describe('recorded traffic', () => {
  async function recorded(requests: number): Promise<Outcome> {
    const view = anEnvironment({ app: 'shop' });
    const traffic = { ...view.serving!.traffic!, requests, sessions: requests / 10, errors: requests / 100 };
    const environments = [{ ...view, serving: { ...view.serving!, traffic } }];
    const server = await startFakeServer({
      'GET /v1/health': { json: aHealth() },
      'GET /v1/status': { json: aStatus({ environments }) },
    });
    try {
      return await simulate(['--recorded'], slipwayYml, server.home);
    } finally {
      await server.stop();
    }
  }

  test('is what the router counted', async () => {
    const { out } = await recorded(120_000);
    expect(out).toContain(
      '997 requests a minute in sessions of 10; 1 % fail, each by itself; half take less than 20 ms, 95 of 100 less than 60 ms',
    );
  });

  test('where there is too little, the next command is said', async () => {
    expect(await recorded(50)).toEqual({
      code: 2,
      out: '',
      err: `error[cli/no-recorded-traffic]: too few requests have come to shop/production since its revision serves
  = so far 50; 100 are needed
  = help: say what comes instead: slipway simulate --requests 50/m --errors 0.2%
`,
    });
  });
});
