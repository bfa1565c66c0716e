import { expect, test } from 'vitest';
import type { StoredEvent } from '../../flow/index.ts';
import type { MachineForecast } from '../../wiring/index.ts';
import {
  aCopy,
  aHealth,
  anEnvironment,
  aPlan,
  aRamp,
  aRollout,
  aShip,
  aStatus,
  startMs,
} from '../testing/views.ts';
import { auditPage, eventsPage } from './audit-page.ts';
import { historyPage } from './history-page.ts';
import { levels, planPage } from './plan-page.ts';
import { forecastLines } from './forecast-lines.ts';
import { statusPage } from './status-page.ts';
import { storyLines } from './story-lines.ts';

const look = { color: false, columns: 130 };

test('status: what serves, since when, with which instances and traffic, what stands by, what is under way', () => {
  const serving = anEnvironment().serving;
  const status = aStatus({
    server: aHealth({ warnings: ['router: no answer'] }),
    environments: [
      anEnvironment({ environment: 'staging', urls: [], serving: null }),
      anEnvironment({
        standby: serving && { ...serving, revision: 'r0', standsForMs: 3_540_000 },
        rollout: aRollout({ state: 'shifting', weightPercent: 30, detail: 'moves 30 % of traffic to r2' }),
      }),
    ],
    ships: [aShip()],
  });
  expect(statusPage(status, look, startMs + 4000)).toEqual([
    'slipway 0.1.0  http://127.0.0.1:8080  up 1m  /var/lib/slipway',
    'warning: router: no answer',
    '',
    'ENVIRONMENT           SERVES   COMMIT   FOR  INSTANCES           TRAFFIC                              ERRORS  STANDBY',
    'medianest/staging     nothing',
    'medianest/production  r1       9f8e7d6  2h   2 ready, 1 restart  100 %, 340 requests, 2 now; r2 30 %  0       r0 for 59m',
    '',
    'Under way',
    '  ship-1  medianest abc1234 Add a health page  (main, ana, 4s)',
    '  medianest/production  deploy r2 (abc1234)  shifting 30 %  moves 30 % of traffic to r2',
    '    you can: slipway abort production',
    '',
    'REACHED AT',
    'medianest/production  http://medianest.localhost:8080',
  ]);
});

test('status: which flags are ramped, how far they are, and what the judge says so far', () => {
  const ramps = [
    aRamp(),
    aRamp({ flag: 'menu', state: 'returning', percent: null, leftMs: null, word: 'harm' }),
  ];
  const page = statusPage(aStatus({ ramps }), look, startMs);
  expect(page.slice(page.indexOf('Under way'), -3)).toEqual([
    'Under way',
    '  medianest/production  checkout → new: 20 %, step 2 of 3, 3m left, begun 10m ago by ana',
    '    about 50 more users who meet trouble are needed',
    '    take it back: slipway flags abort production checkout',
    '  medianest/production  menu → new: goes back to what it was, begun 10m ago by ana',
    '    harm',
  ]);
});

test('status: a shared service that has ended by itself, and what starts it again', () => {
  const shared = [
    { ...aCopy({ id: 'shared-db-1', phase: 'exited' }), name: 'db', changed: false, replacing: false },
  ];
  const page = statusPage(aStatus({ environments: [anEnvironment({ shared })] }), look, startMs);
  expect(page.find((line) => line.includes('  db '))).toContain(
    'exited  it has ended; start it: slipway repair production',
  );
});

test('status: what runs on which machine, and which of them is silent', () => {
  const serving = anEnvironment().serving;
  const traffic = {
    weightPercent: 100,
    inFlight: 0,
    requests: 170,
    errors: 1,
    sessions: 34,
    p50Ms: 20,
    p95Ms: 60,
  };
  const reason = 'ana@three does not answer: Connection refused';
  const several = anEnvironment({
    serving: serving && {
      ...serving,
      instances: [aCopy(), aCopy({ id: 'r1-web-1@ana@two', machine: 'ana@two', restarts: 1 })],
    },
    machines: [
      { name: 'here', silent: null, traffic },
      { name: 'ana@two', silent: null, traffic: { ...traffic, errors: 0 } },
      { name: 'ana@three', silent: { reason, forMs: 180_000 }, traffic: null },
    ],
  });
  const page = statusPage(aStatus({ environments: [several] }), look, startMs);
  expect(page.slice(page.indexOf('') + 4, page.indexOf('REACHED AT') - 1)).toEqual([
    'MACHINES                         INSTANCES           TRAFFIC              ERRORS',
    'medianest/production  here       1 ready             100 %, 170 requests  1',
    '                      ana@two    1 ready, 1 restart  100 %, 170 requests  0',
    '                      ana@three  silent for 3m',
    '  ana@three is silent; look there: slipway status --host ana@three; or leave it out of "machines", and ship',
  ]);
});

test('status: what a rollout waits for, what comes next, and who can say what', () => {
  const rollout = aRollout({
    state: 'holding',
    detail: 'holds r2 at 10 % of traffic, waits for an approval since 2m',
    next: '50 % of traffic on r2',
    asks: { verbs: ['approve', 'reject'], who: ['lena', 'tom'] },
  });
  const page = statusPage(aStatus({ environments: [anEnvironment({ rollout })] }), look, startMs);
  expect(page.slice(page.indexOf('Under way') + 1, page.indexOf('Under way') + 5)).toEqual([
    '  medianest/production  deploy r2 (abc1234)  holding  holds r2 at 10 % of traffic, waits for an approval since 2m',
    '    then: 50 % of traffic on r2',
    '    you can: slipway approve production, or: slipway reject production (by lena or tom)',
    '',
  ]);
});

test('status on a narrow terminal: a block for each environment', () => {
  expect(statusPage(aStatus(), { ...look, columns: 60 }, startMs).slice(2, 9)).toEqual([
    'medianest/production',
    '  serves     r1',
    '  commit     9f8e7d6',
    '  for        2h',
    '  instances  2 ready, 1 restart',
    '  traffic    100 %, 340 requests, 2 now',
    '  errors     0',
  ]);
});

test('status before the first ship says what to do', () => {
  expect(statusPage(aStatus({ environments: [] }), look, startMs).at(-1)).toBe(
    'no app has been shipped to this server yet; in its repository: slipway ship',
  );
});

test('history', () => {
  const entries = [
    aRollout({
      id: 'ro-2',
      kind: 'rollback',
      state: 'failed',
      detail: 'not ready',
      finishedAtMs: startMs + 12_000,
    }),
    aRollout({ state: 'succeeded', finishedAtMs: startMs + 14_000 }),
  ];
  expect(historyPage(entries, look, startMs + 130_000)).toEqual([
    'ROLLOUT  WHEN    ENVIRONMENT           WHAT      REVISION  COMMIT                     BY   TOOK  RESULT',
    'ro-2     2m ago  medianest/production  rollback  r2        abc1234 Add a health page  ana  2.0s  ✗ failed',
    'ro-1     2m ago  medianest/production  deploy    r2        abc1234 Add a health page  ana  4.0s  ✓ succeeded',
    '',
    'ro-2  r2 failed: not ready',
  ]);
  expect(historyPage([], look, 0)).toEqual(['no rollout yet']);
});

test('plan: what each machine runs, needs and has, and what stands in the way', () => {
  const surge = { memoryBytes: 256 * 2 ** 20, unlimited: [], diskBytes: 90 * 2 ** 20, unknownImages: [] };
  const free = { memoryBytes: 2 ** 30, diskBytes: null };
  const machine = { change: 'same' as const, problem: null, services: ['web', 'mailer'], surge, free };
  const machines: MachineForecast[] = [
    { ...machine, name: 'here' },
    { ...machine, name: 'ana@two', change: 'new', services: ['web'] },
    { ...machine, name: 'ana@three', problem: 'ana@three does not answer' },
    { ...machine, name: 'ana@four', change: 'gone' },
  ];
  expect(forecastLines({ services: [], steps: [], machines, downtime: [] }, look).slice(2, -1)).toEqual([
    '    machines, and what each needs beside what runs',
    '      = here: as before, runs web, mailer',
    '          memory: 256 MiB more by their limits; 1 GiB free',
    '          disk: about 90 MiB of new images',
    '      + ana@two: new, runs web',
    '          memory: 256 MiB more by their limits; 1 GiB free',
    '          disk: about 90 MiB of new images',
    '      ! ana@three does not answer',
    '      - ana@four: is left; what runs there ends with the old revision',
  ]);
});

test('plan: jobs by level, what goes into the release, what changes where', () => {
  expect(planPage(aPlan(), look)).toEqual([
    'medianest  abc1234 Add a health page  (main)',
    '',
    'Workflows',
    '  CI (.github/workflows/ci.yml)',
    '    1. Lint',
    '       Test',
    '    2. Deploy [production] deploys ← lint, test',
    '  Nightly (.github/workflows/nightly.yml): not started, it starts by schedule',
    '',
    'Release',
    '  the commit\'s files, with dist/ of the artifact "release" over them',
    '',
    'Environments',
    '  production  blue-green, takes what staging ran',
    '    now serves r1 (9f8e7d6 First)',
    '    - web: 1 copy becomes 2',
    '    - runs the release command once',
  ]);
});

test('jobs that need each other in a circle are still all listed', () => {
  const job = (id: string, needs: string[]) => ({ id, name: id, needs, environment: null, deploys: false });
  const placed = levels([job('a', []), job('b', ['c']), job('c', ['b'])]);
  expect(placed.map((level) => level.map(({ id }) => id))).toEqual([['a'], ['b', 'c']]);
});

test('audit: a verdict for each chain', () => {
  const chains = [
    {
      chain: 'server',
      verdict: { kind: 'intact', links: 3 } as const,
      message: 'chain "server" is intact: 3 records',
    },
  ];
  expect(auditPage({ intact: true, chains, problems: [] }, look)).toEqual([
    '✓ chain "server" is intact: 3 records',
    'one chain: nothing was changed, removed or cut off',
  ]);
});

test('events: who decided what, when', () => {
  const event: StoredEvent = {
    id: 1,
    chain: 'medianest/production',
    sequence: 7,
    type: 'rollout.requested',
    actor: 'ana',
    data: { revision: 'r2', reason: 'all well', nothing: null, deep: { x: 1 } },
    atMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    previousHash: '',
    hash: '',
  };
  expect(eventsPage([event], look)).toEqual([
    'WHEN                  CHAIN                 NO  WHO  WHAT               FACTS',
    '2026-01-02 03:04:05Z  medianest/production  7   ana  rollout.requested  revision=r2 reason="all well"',
  ]);
});

test('a story: the whole in a sentence, each moment with its time, what changed, what came of it', () => {
  const at = Date.UTC(2026, 0, 5, 14, 0, 0);
  const lines = storyLines(
    {
      rollout: 'ro-1',
      app: 'shop',
      environment: 'production',
      kind: 'deploy',
      outcome: 'failed',
      reason: '9 of 100 requests failed',
      revision: 'r2',
      from: 'r1',
      commit: 'c'.repeat(40),
      title: 'Faster search',
      release: `sha256:${'a'.repeat(64)}`,
      actor: 'ana',
      requestedAtMs: at,
      endedAtMs: at + 125_000,
      moments: [
        { atMs: at, who: 'ana', says: 'ana asked for it', tone: 'plain', notes: [] },
        {
          atMs: at + 62_000,
          who: 'slipway',
          says: 'it was taken back',
          tone: 'bad',
          notes: ['against it: 12 of 310'],
        },
      ],
      shares: [],
      verdicts: [],
      requests: [
        {
          atMs: at + 61_000,
          method: 'GET',
          path: '/a\u001b[2J',
          status: 500,
          latencyMs: 41.2,
          copy: 'r2-web-1',
        },
        { atMs: at + 61_500, method: 'POST', path: '/b', status: null, latencyMs: 1_450, copy: null },
      ],
      logTail: ['boom \u001b[2J'],
      change: {
        base: 'b'.repeat(40),
        commits: [{ commit: 'c'.repeat(40), title: 'Faster search', author: 'Ana' }],
        files: [
          { path: 'src/search.ts', added: 12, removed: 3 },
          { path: 'logo.png', added: null, removed: null },
        ],
        moreCommits: 0,
        moreFiles: 7,
      },
      sequels: [
        {
          rollout: 'ro-2',
          kind: 'rollback',
          title: 'Before',
          actor: 'bo',
          outcome: 'succeeded',
          endedAtMs: null,
        },
      ],
    },
    look,
    at + 200_000,
  );
  expect(lines).toEqual([
    '“Faster search” did not get to stay in shop/production',
    'ro-1  ccccccc  by ana, 2026-01-05 14:00:00 UTC, 2 min 5 s',
    '9 of 100 requests failed',
    '',
    '      +0 s  ana asked for it',
    '+1 min 2 s  it was taken back',
    '              against it: 12 of 310',
    '',
    'its last requests that failed',
    'WHEN      REQUEST  ANSWER     TOOK   COPY',
    '14:01:01  GET /a   500        41 ms  r2-web-1',
    '14:01:01  POST /b  broke off  1.5 s',
    '',
    'last lines of its log',
    'boom ',
    '',
    'what it changed since bbbbbbb',
    'ccccccc Faster search (Ana)',
    'FILE           ADDED   REMOVED',
    'src/search.ts  +12     -3',
    'logo.png       binary',
    'and 7 more files',
    '',
    'what came of it',
    'ro-2  rollback of “Before” by bo: succeeded',
    '',
    'next: slipway status, or: slipway logs production --app shop',
  ]);
});
