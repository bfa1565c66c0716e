import { describe, expect, test } from 'vitest';
import type { CheckDefinition, ChecksDefinition } from '../app/index.ts';
import { dueCheck } from './checks.ts';
import { currentCommand } from './effects.ts';
import type { CommandObservation } from './observed.ts';
import { aCanary, aRequest } from './testing/builders.ts';
import { at, atRest, outcome, Stage } from './testing/stage.ts';

const command: CheckDefinition = { kind: 'command', command: 'npm run smoke', timeoutMs: 2_000 };
const login: CheckDefinition = {
  kind: 'request',
  request: { path: '/login', status: 200, headers: {}, body: null, json: {} },
  timeoutMs: 2_000,
};
const strategy = aCanary([10, 100], { kind: 'none' });

async function rollout(checks: ChecksDefinition): Promise<Stage> {
  const stage = await new Stage().serves(aRequest(1, 'good', { replicas: 2 }));
  await stage.tick(['rollout', aRequest(2, 'good', { replicas: 2, strategy, checks })]);
  return stage;
}

/** What a request is answered, whoever asks; commands run in the world. */
function answers(stage: Stage, answer: CommandObservation): void {
  stage.see = (observed) => {
    if (dueCheck(stage.state.rollout)?.check.kind === 'request') observed.command = answer;
  };
}
const right: CommandObservation = { state: 'exited', code: 0, logTail: [] };
const wrong: CommandObservation = {
  state: 'unmet',
  why: 'it answered 500, not 200',
  logTail: ['HTTP 500', 'no such column'],
};
const trafficAndChecks = ({ lines }: Stage) =>
  lines.filter((line) => /^(traffic|check|run npm|tell)/.test(line));

describe('checks', () => {
  test('before traffic come once, those after it with each share, each command once', async () => {
    const stage = await rollout({ before: [command, login], after: [command, login] });
    answers(stage, right);
    await stage.until(atRest);
    expect(trafficAndChecks(stage)).toEqual([
      'run npm run smoke of r2',
      'check.passed',
      'check.passed',
      'traffic.shifted',
      'run npm run smoke of r2',
      'check.passed',
      'check.passed',
      'traffic.shifted',
      'run npm run smoke of r2',
      'check.passed',
      'check.passed',
      'tell run-1: succeeded, r2 serves app/production',
    ]);
    expect([...stage.world.commandRuns].filter(([key]) => key.startsWith('check'))).toEqual([
      ['check-before-1-r2', 1],
      ['check-after-1-1-r2', 1],
      ['check-after-2-1-r2', 1],
    ]);
    expect(stage.world.broken).toEqual([]);
  });

  test('of requests reach the candidate at any share, by a header of their own', async () => {
    const stage = await rollout({ before: [], after: [login] });
    answers(stage, wrong);
    await stage.until(() => stage.lines.includes('traffic.shifted'));
    expect(stage.world.routes?.pins).toEqual([
      { revision: 'r2', by: { kind: 'header', name: 'x-slipway-check', value: 'ro-2' } },
    ]);
  });

  test('that fail before traffic move none, and quote what came', async () => {
    const stage = await rollout({ before: [login], after: [] });
    answers(stage, wrong);
    await stage.until(atRest);
    expect(outcome(stage)).toBe(
      'failed, the check GET /login was not answered as it should be within 2s: it answered 500, not 200, before traffic; none was moved',
    );
    expect(stage.lines).not.toContain('traffic.shifted');
    expect(stage.state.stable?.id).toBe('r1');
  });

  test('that fail after a step take its traffic back', async () => {
    const stage = await rollout({ before: [], after: [login] });
    answers(stage, wrong);
    await stage.until(atRest);
    expect(outcome(stage)).toBe(
      'failed, the check GET /login was not answered as it should be within 2s: it answered 500, not 200, after 10 % of traffic had moved',
    );
    expect(stage.world.routes?.revisions).toMatchObject([{ id: 'r1', weightPercent: 100 }]);
    expect(stage.world.broken).toEqual([]);
  });

  test('whose command ends badly fail at once, with its last words', async () => {
    const stage = await rollout({ before: [command], after: [] });
    stage.see = (observed) => {
      if (dueCheck(stage.state.rollout) && observed.command.state === 'exited')
        observed.command = { state: 'exited', code: 3, logTail: ['cart: 500'] };
    };
    await stage.until(at('reverting'));
    expect(stage.state.rollout?.phase).toMatchObject({
      cause: {
        reason: 'the check "npm run smoke" exited with 3, before traffic; none was moved',
        logTail: ['cart: 500'],
      },
    });
  });

  test('whose command does not end in its time fail, and it has ended before the next rollout begins', async () => {
    const stage = await rollout({ before: [command], after: [] });
    let runs = true;
    stage.see = (observed) => {
      if (currentCommand(stage.state)?.startsWith('check') && runs)
        observed.command = { state: 'running', logTail: ['still waiting'] };
    };
    await stage.until(at('reverting'));
    expect(stage.state.rollout?.phase).toMatchObject({
      cause: {
        reason: 'the check "npm run smoke" did not end within 2s, before traffic; none was moved',
        logTail: ['still waiting'],
      },
    });
    for (let looks = 0; looks < 40; looks++) {
      await stage.tick();
      stage.pass(300);
    }
    expect(stage.phase).toBe('reverting stopping');
    runs = false;
    await stage.until(atRest);
    expect(outcome(stage)).toMatch(/^failed, the check/);
  });

  test('use up no time while the rollout is paused', async () => {
    const stage = await rollout({ before: [login], after: [] });
    answers(stage, wrong);
    await stage.until(({ rollout: under }) => dueCheck(under) !== null);
    await stage.tick(['pause', { rolloutId: null, by: 'ana' }]);
    for (let looks = 0; looks < 40; looks++) {
      await stage.tick();
      stage.pass(300);
    }
    expect(stage.phase).toBe('stepping');
    answers(stage, right);
    await stage.tick(['resume', { rolloutId: null, by: 'ana' }]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
  });

  test('are not asked on the way back', async () => {
    const stage = await rollout({ before: [], after: [] });
    await stage.until(atRest);
    const revision = stage.state.standby?.revision ?? aRequest(1, 'good').revision;
    const request = { ...aRequest(3, 'good', { checks: { before: [command], after: [command] } }), revision };
    await stage.tick(['rollout', { ...request, kind: 'rollback' }]);
    await stage.until(atRest);
    expect(stage.state.stable?.id).toBe('r1');
    expect([...stage.world.commandRuns.keys()].filter((key) => key.startsWith('check'))).toEqual([]);
  });
});
