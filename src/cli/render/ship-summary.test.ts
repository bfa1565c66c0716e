import { expect, test } from 'vitest';
import { aJob, aRollout, aRun, aShip, aStep, anEnvironment, shipStory, startMs } from '../testing/views.ts';
import { rolloutSummary, shipSummary } from './ship-summary.ts';

const look = { color: false, columns: 100 };

test('a success says what is live, where, and how long each part took', () => {
  const view = shipStory().at(-1) ?? aShip();
  expect(shipSummary(view, [anEnvironment()], look)).toEqual([
    '✓ abc1234 Add a health page: live on production in 13.2s',
    '  ENVIRONMENT  SERVES  ASKED FOR  LIVE AFTER  CONFIRMED',
    '  production   r2      8.3s       9.5s        13.0s',
    '  production  http://medianest.localhost:8080',
  ]);
});

test('a success that nobody could prove says what is lacking', () => {
  const view = shipStory().at(-1) ?? aShip();
  const unproven = 'about 90 more sessions as good as those so far are needed';
  const rollouts = view.rollouts.map((rollout) => ({ ...rollout, unproven }));
  const line = `  unproven on production: ${unproven}; what was seen so far: slipway explain production`;
  expect(shipSummary({ ...view, rollouts }, [anEnvironment()], look)).toContain(line);
  const [rollout = aRollout({})] = rollouts;
  expect(rolloutSummary({ ...rollout, state: 'succeeded' }, [anEnvironment()], look)).toContain(line);
});

test('a run without a server says what would go live', () => {
  const jobs = [aJob({ state: 'success', wouldShip: ['production'] })];
  const view = aShip({ state: 'succeeded', finishedAtMs: startMs + 5000, runs: [aRun({ jobs })] });
  expect(shipSummary(view, [], look)).toEqual([
    '✓ abc1234 Add a health page: all green; with a server it would go to production in 5.0s',
  ]);
});

test('a failed job: where it is, its last lines, what users have, what to do', () => {
  const at = {
    file: '.github/workflows/ci.yml',
    start: { line: 14, column: 9 },
    end: { line: 14, column: 20 },
  };
  const error = { message: 'npm test ended with exit code 1', lastLines: ['expected 1 to be 2'], at };
  const test = aJob({ state: 'failure', steps: [aStep({ state: 'failure', error })] });
  const deploy = aJob({ key: 'deploy', name: 'Deploy', state: 'skipped', environment: 'production' });
  const view = aShip({
    state: 'failed',
    finishedAtMs: startMs + 8100,
    runs: [aRun({ state: 'failure', jobs: [test, deploy] })],
  });
  expect(shipSummary(view, [anEnvironment()], look)).toEqual([
    '✗ abc1234 Add a health page: failed after 8.1s',
    '  job "Test" of CI, step "Run npm test"',
    '    --> .github/workflows/ci.yml:14:9',
    '    | expected 1 to be 2',
    '    npm test ended with exit code 1',
    '  production still serves r1 (9f8e7d6 First); nothing was moved',
    '  next: slipway logs ship-1 --job "test", then mend, commit and "slipway ship"',
  ]);
});

test('a failed rollout speaks for the job that waited for it', () => {
  const deploy = aJob({ key: 'deploy', name: 'Deploy', state: 'failure', environment: 'production' });
  const rollout = aRollout({
    state: 'failed',
    detail: 'r2 did not get ready within 8s',
    logTail: ['Error: no database'],
    finishedAtMs: startMs + 20_000,
  });
  const view = aShip({
    state: 'failed',
    finishedAtMs: startMs + 20_100,
    runs: [aRun({ state: 'failure', jobs: [deploy] })],
    rollouts: [rollout],
  });
  expect(shipSummary(view, [anEnvironment()], look)).toEqual([
    '✗ abc1234 Add a health page: failed after 20.1s',
    '  rollout of r2 to production failed: r2 did not get ready within 8s',
    '    | Error: no database',
    '  production still serves r1 (9f8e7d6 First); all traffic is on it',
    '  next: slipway explain production, then mend, commit and "slipway ship"',
  ]);
});

test('a rollout that was live and went back says so', () => {
  const rollout = aRollout({
    state: 'aborted',
    detail: 'aborted by ana',
    liveAtMs: startMs,
    finishedAtMs: startMs,
  });
  const view = aShip({ state: 'failed', finishedAtMs: startMs + 100, rollouts: [rollout] });
  expect(shipSummary(view, [anEnvironment()], look)).toContain(
    '  production serves r1 (9f8e7d6 First) again; all traffic is on it',
  );
});

test('a rollout that made way is no failure of its own', () => {
  const detail = 'ro-2 was asked for after it';
  const rollout = aRollout({ state: 'superseded', detail, finishedAtMs: startMs });
  const view = aShip({ state: 'failed', finishedAtMs: startMs + 100, rollouts: [rollout] });
  expect(shipSummary(view, [anEnvironment()], look)).toEqual([
    '✗ abc1234 Add a health page: superseded after 0.1s',
    '  rollout of r2 to production was superseded: ro-2 was asked for after it',
    '  production still serves r1 (9f8e7d6 First); all traffic is on it',
    '  next: slipway status, which shows what came after it',
  ]);
});

test('a rollback that worked', () => {
  const rollout = aRollout({
    kind: 'rollback',
    state: 'succeeded',
    liveAtMs: startMs + 10_400,
    finishedAtMs: startMs + 11_000,
  });
  expect(rolloutSummary(rollout, [anEnvironment()], look)).toEqual([
    '✓ production serves r2 (abc1234 Add a health page), live 0.4s after it was asked for',
    '  http://medianest.localhost:8080',
    '  r1 again: slipway rollback production --to r1',
  ]);
});
