import { expect, test } from 'vitest';
import { aJob, aRollout, aRun, aShip, aStep, shipStory, startMs } from '../testing/views.ts';
import { rolloutTree, shipTree } from './ship-tree.ts';

const screen = { color: false, columns: 100, rows: 40, nowMs: startMs + 9000 };

test('workflows, jobs and rollouts with what each does now', () => {
  const view = shipStory()[4] ?? aShip();
  expect(shipTree(view, screen)).toEqual([
    'medianest  abc1234  Add a health page',
    'main · ana · 9.0s',
    'CI .github/workflows/ci.yml',
    '  ✓ Lint      3.2s',
    '  ✓ Test      8.0s',
    '  ⠋ Deploy    0.8s  waits for the rollout to production',
    'Rollouts',
    '  ⠋ production  r2  shifting  █████░░░░░ 50 %  0.7s  moves 50 % of traffic to r2',
  ]);
});

test('a job that runs names its step, one that waits says for what', () => {
  const view = aShip({
    runs: [
      aRun({
        jobs: [
          aJob({
            state: 'running',
            startedAtMs: startMs,
            steps: [aStep({ state: 'running', startedAtMs: startMs + 4000 })],
          }),
          aJob({ key: 'q', name: 'Queued', state: 'queued', reason: 'waits for a free place' }),
          aJob({ key: 'd', name: 'Deploy', needs: ['test', 'q'] }),
          aJob({ key: 's', name: 'Nightly', state: 'skipped', reason: 'its condition is false' }),
        ],
      }),
    ],
  });
  expect(shipTree(view, screen).slice(3)).toEqual([
    '  ⠋ Test       9.0s  Run npm test 5.0s',
    '  ○ Queued           waits for a free place',
    '  - Nightly          its condition is false',
    '  ○ Deploy           after test, q',
  ]);
});

test('a rollout that belongs to no ship stands alone', () => {
  const view = aRollout({ state: 'baking', detail: 'watches r2, 3s left', requestedAtMs: startMs });
  expect(rolloutTree(view, screen)).toEqual([
    'medianest  abc1234  Add a health page',
    '  ⠋ production  r2  baking  9.0s  watches r2, 3s left',
  ]);
});

test('jobs stand after those that they need, matrix or not', () => {
  const jobs = [
    aJob({ key: 'deploy', name: 'Deploy', needs: ['build'] }),
    aJob({ key: 'build', name: 'Build', needs: ['test'] }),
    aJob({ key: 'test.0', name: 'Test 20' }),
    aJob({ key: 'test.1', name: 'Test 22' }),
  ];
  const names = shipTree(aShip({ runs: [aRun({ jobs })] }), screen).slice(3);
  expect(names.map((line) => line.trim().slice(2, 9).trim())).toEqual([
    'Test 20',
    'Test 22',
    'Build',
    'Deploy',
  ]);
});

test('a narrow terminal cuts lines and never wraps them; what a rollout does gets a line of its own', () => {
  const view = { ...(shipStory()[4] ?? aShip()), title: 'A title that is longer than this terminal is wide' };
  const lines = shipTree(view, { ...screen, columns: 60 });
  expect(lines[0]).toBe('medianest  abc1234  A title that is longer than this termin…');
  expect(lines.slice(-2)).toEqual([
    '  ⠋ production  r2  shifting  █████░░░░░ 50 %  0.7s',
    '    moves 50 % of traffic to r2',
  ]);
});

test('a short terminal leaves out what is done before what goes on', () => {
  const done = Array.from({ length: 20 }, (_, index) =>
    aJob({ key: `d${index}`, name: `Done ${index}`, state: 'success' }),
  );
  const wait = Array.from({ length: 5 }, (_, index) => aJob({ key: `w${index}`, name: `Wait ${index}` }));
  const jobs = [
    ...done,
    aJob({ key: 'r', name: 'Running', state: 'running' }),
    aJob({ key: 'f', name: 'Failed', state: 'failure', steps: [aStep({ state: 'failure' })] }),
    ...wait,
  ];
  const view = aShip({ runs: [aRun({ jobs })] });
  const lines = shipTree(view, { ...screen, rows: 8 });
  expect(lines).toEqual([
    'medianest  abc1234  Add a health page',
    'main · ana · 9.0s',
    'CI .github/workflows/ci.yml',
    '  ⠋ Running          starting',
    '  ✗ Failed           Run npm test',
    '  ○ Wait 3',
    '  ○ Wait 4',
    '  … and 20 done, 3 waiting',
  ]);
  for (let rows = 1; rows < 40; rows++) {
    expect(shipTree(view, { ...screen, rows }).length).toBeLessThanOrEqual(Math.max(2, rows));
  }
});

test('titles of others cannot steer the terminal', () => {
  expect(shipTree(aShip({ title: 'x\u001b[2Jy' }), screen)[0]).toBe('medianest  abc1234  xy');
});
