import { expect, test } from 'vitest';
import type { ShipView } from '../../wiring/index.ts';
import { aJob, aRollout, aRun, aShip, aStep, shipStory, startMs } from '../testing/views.ts';
import { logLineText, shipTransitions } from './ship-plain.ts';

function tell(views: readonly ShipView[]): string[] {
  return views.flatMap((view, index) => shipTransitions(views[index - 1] ?? null, view));
}

test('a ship is told line by line, one for each change', () => {
  expect(tell(shipStory())).toEqual([
    '[medianest] abc1234 Add a health page',
    '[CI / Lint] ● running',
    '[CI / Test] ● running',
    '[CI / Lint] ✓ Run npm run lint 3.1s',
    '[CI / Lint] ✓ success in 3.2s',
    '[CI / Test] ✓ Run npm test 6.1s',
    '[CI / Test] ✓ success in 8.0s',
    '[CI / Deploy] ● parked',
    '[production] ● r2 starting: waits until r2 is ready',
    '[production] ● r2 shifting 50 %: moves 50 % of traffic to r2',
    '[production] ● r2 baking: watches r2',
    '[CI / Deploy] ✓ success in 4.9s',
    '[production] ✓ r2 succeeded: all well',
  ]);
});

test('looks that missed everything between tell the same ends', () => {
  const story = shipStory();
  const last = story.at(-1) ?? aShip();
  expect(tell([last])).toEqual([
    '[medianest] abc1234 Add a health page',
    '[CI / Lint] ✓ Run npm run lint 3.1s',
    '[CI / Lint] ✓ success in 3.2s',
    '[CI / Test] ✓ Run npm test 6.1s',
    '[CI / Test] ✓ success in 8.0s',
    '[CI / Deploy] ✓ success in 4.9s',
    '[production] ✓ r2 succeeded: all well',
  ]);
  expect(tell([last, last])).toEqual(tell([last]));
});

test('failures bring their last lines', () => {
  const error = {
    message: 'npm test ended with exit code 1',
    lastLines: ['expected 1', '\u001b[31mto be 2'],
    at: null,
  };
  const step = aStep({ state: 'failure', startedAtMs: startMs, finishedAtMs: startMs + 3200, error });
  const job = aJob({ state: 'failure', startedAtMs: startMs, finishedAtMs: startMs + 4000, steps: [step] });
  const rollout = aRollout({ state: 'failed', detail: 'r2 did not get ready', logTail: ['boom'] });
  const view = aShip({ runs: [aRun({ jobs: [job] })], rollouts: [rollout] });
  expect(tell([view]).slice(1)).toEqual([
    '[CI / Test] ✗ Run npm test 3.2s',
    '[CI / Test]   npm test ended with exit code 1',
    '[CI / Test]   | expected 1',
    '[CI / Test]   | to be 2',
    '[CI / Test] ✗ failure in 4.0s',
    '[production] ✗ r2 failed: r2 did not get ready',
    '[production]   | boom',
  ]);
});

test('a time that runs on makes no new line', () => {
  const looks = ['watches r2, 10s left', 'watches r2, 9s left', 'watches r2, 59m left (r2-web-1: slow)'];
  const views = looks.map((detail) => aShip({ rollouts: [aRollout({ state: 'baking', detail })] }));
  expect(tell(views).slice(1)).toEqual([
    '[production] ● r2 baking: watches r2, 10s left',
    '[production] ● r2 baking: watches r2, 59m left (r2-web-1: slow)',
  ]);
});

test('what the judge counts from look to look makes no new line', () => {
  const looks = [
    '10s left; no request has reached it at this share yet',
    '10s left; about 337 more sessions as good as those so far are needed, 3 minutes at the present traffic',
    '9s left; about 1,120 more sessions as good as those so far are needed, a minute at the present traffic',
    '8s left; about one more session as good as those so far is needed',
    '8s left; memory was 93 MiB on the new revision, 52.5 MiB on the old',
    '7s left; memory was 104 MiB on the new revision, 52 MiB on the old',
    '7s left; proven good',
  ];
  const views = looks.map((look) =>
    aShip({
      rollouts: [aRollout({ state: 'holding', detail: `holds r2 at 20 % of traffic, ${look}` })],
    }),
  );
  const told = [0, 1, 4, 6].map(
    (look) => `[production] ● r2 holding: holds r2 at 20 % of traffic, ${looks[look]}`,
  );
  expect(tell(views).slice(1)).toEqual(told);
});

test('a line of a log names its source', () => {
  expect(logLineText({ source: 'r7-web-1', atMs: null, text: 'listening' })).toBe('[r7-web-1] listening');
});
