import { describe, expect, test } from 'vitest';
import { refusalsInReach } from './index.ts';
import { parsed, Play, runOf } from './testing/play.ts';

const remote = '{ uses: other/action@v1 }';
const job = (more: string, steps = remote) => `  a: { runs-on: ubuntu-latest, ${more}steps: [${steps}] }`;
const file = (jobs: string) => `on: push\njobs:\n${jobs}\n`;

function reached(jobs: string, called: Record<string, string> = {}): (string | null)[] {
  const payload = { pull_request: null };
  return refusalsInReach(runOf(file(jobs), { called, payload })).map(({ jobId }) => jobId);
}

describe('what this machine cannot do is in reach', () => {
  test.each([
    ['without a condition', ''],
    ['when the condition is true', "if: github.event_name == 'push', "],
    ['when only a need can tell', "if: needs.x.outputs.y == '1', "],
    ['when the job may run after a failure', 'if: failure(), '],
    ['when the run may be cancelled', 'if: cancelled(), '],
    ['when another job may have failed', "if: failure('a'), "],
    ['when the condition cannot be evaluated', 'if: fromJSON(github.ref).x, '],
  ])('%s', (_name, more) => {
    expect(reached(job(more))).toEqual(['a']);
  });

  test('when the condition of its step is true or not known yet', () => {
    expect(reached(job('', `{ if: github.ref == 'refs/heads/main', uses: other/action@v1 }`))).toEqual(['a']);
    expect(reached(job('', `{ if: env.X, uses: other/action@v1 }`))).toEqual(['a']);
    expect(reached(job('', `{ if: "hashFiles('x') != ''", uses: other/action@v1 }`))).toEqual(['a']);
  });

  test('in workflows that are called, whose inputs are not known yet', () => {
    const called = file(job('if: inputs.deep, ')).replace(
      'on: push',
      'on: { workflow_call: { inputs: { deep: { type: boolean } } } }',
    );
    expect(reached('  c: { uses: ./.github/workflows/b.yml }', { b: called })).toEqual(['a']);
  });
});

describe('what this machine cannot do is out of reach', () => {
  test.each([
    ['for another event', "if: github.event_name == 'pull_request' && github.actor == 'x', "],
    ['where a variable is missing', "if: vars.DEPLOY == 'yes', "],
    ['whatever the status', "if: always() && github.ref == 'refs/heads/other', "],
    ['when the condition says no', 'if: false, '],
  ])('%s', (_name, more) => {
    expect(reached(job(more))).toEqual([]);
  });

  test('for jobs that need such a job, but not for those that run all the same', () => {
    const dead = '  x: { runs-on: ubuntu-latest, if: false, steps: [{ run: ls }] }\n';
    expect(reached(dead + job('needs: x, '))).toEqual([]);
    expect(reached(dead + job('needs: x, if: success(), '))).toEqual([]);
    expect(reached(dead + job('needs: x, if: always(), '))).toEqual(['a']);
    expect(reached(dead + job('needs: x, if: "!cancelled()", '))).toEqual(['a']);
  });

  test('in steps whose condition is false', () => {
    expect(reached(job('', `{ if: github.event_name == 'release', uses: other/action@v1 }`))).toEqual([]);
  });

  test('in workflows that only such a job calls', () => {
    const called = file(job('')).replace('push', 'workflow_call');
    expect(reached('  c: { if: false, uses: ./.github/workflows/b.yml }', { b: called })).toEqual([]);
  });
});

describe('a run', () => {
  test('fails a job that turns out to be due with the refusal, even where other systems are left out', () => {
    const jobs = `  x: { runs-on: ubuntu-latest, steps: [{ run: ls }] }\n${job("needs: x, if: needs.x.result == 'success', ")}`;
    const play = new Play(runOf(file(jobs)), { unsupported: 'skip' });
    play.start();
    play.ends('x', 'success');
    play.look();
    expect(play.phases()).toEqual({ x: 'success', a: 'failure' });
    expect(play.reason('a')).toBe('the action "other/action@v1" is not supported yet');
  });

  test('starts a job of whose steps only one that is left out cannot run here', () => {
    const step = `{ run: ls }, { if: github.event_name == 'release', uses: other/action@v1 }`;
    expect(new Play(runOf(file(job('', step)))).start()).toEqual(['a']);
  });

  test('counts the steps of a parallel group as the job does', () => {
    const workflow = parsed(
      file(job('', '{ parallel: [{ run: ls }, { run: ls }] }, { uses: other/action@v1 }')),
    );
    const [only] = workflow.jobs;
    const index = workflow.refusals[0]?.stepIndex ?? -1;
    expect(only?.kind === 'steps' && only.steps[index]?.kind).toBe('uses');
  });
});
