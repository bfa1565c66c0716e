import { describe, expect, test } from 'vitest';
import { claimGroups, groupWishes } from './index.ts';
import type { GroupLedger, GroupWish } from './index.ts';
import { Play, runOf } from './testing/play.ts';

const step = 'runs-on: ubuntu-latest\n    steps: [{ run: "true" }]\n';
const job = (id: string, more: string = '') => `  ${id}:\n${more}    ${step}`;

/** Runs of one app that share a ledger, each saying what it wants before it looks, as a server has them do. */
class App {
  ledger: GroupLedger = {};
  readonly runs: Record<string, Play> = {};

  add(id: string, text: string, called: Record<string, string> = {}): Play {
    const state = { ...runOf(text, { id, called }), number: Object.keys(this.runs).length + 1 };
    return (this.runs[id] = new Play(state));
  }

  /** One tick of a run, and a second one in which it hears of what the first asked for. */
  start(id: string): string[] {
    return [...this.tick(id), ...this.tick(id)];
  }

  private tick(id: string): string[] {
    const play = this.runs[id];
    if (!play) throw new Error(`no run ${id}`);
    this.say(id, groupWishes(play.state));
    return play.start();
  }

  say(id: string, wishes: GroupWish[], fence: number = 1): void {
    const gone = Object.entries(this.runs).flatMap(([other, { state }]) => (state.finished ? [other] : []));
    const { ledger, verdicts } = claimGroups(this.ledger, { run: id, fence, wishes, gone });
    this.ledger = JSON.parse(JSON.stringify(ledger)) as GroupLedger;
    const play = this.runs[id];
    if (play) play.observed.groups = verdicts;
  }
}

const workflow = (concurrency: string, jobs: string = job('a')) =>
  `on: push\nconcurrency: ${concurrency}\njobs:\n${jobs}`;

describe('the group of a workflow', () => {
  test('lets one run at a time begin, and says for whom the next one waits', () => {
    const app = new App();
    const one = app.add('one', workflow('deploy-${{ github.ref_name }}'));
    const two = app.add('two', workflow('DEPLOY-main'));
    expect(app.start('one')).toEqual(['a']);
    expect(app.start('two')).toEqual([]);
    expect(two.state.gate).toMatchObject({
      phase: 'waiting',
      reason: 'waits for run 1 of group DEPLOY-main',
    });
    one.ends('a', 'success');
    app.start('one');
    expect(one.state.finished?.result).toBe('success');
    expect(app.start('two')).toEqual(['a']);
    expect(two.happened).toContain('run.blocked');
  });

  test('keeps one that waits: a newer one takes its place', () => {
    const app = new App();
    for (const id of ['one', 'two', 'three']) {
      app.add(id, workflow('g'));
      app.start(id);
    }
    app.start('two');
    expect(app.runs['two']?.state.finished?.result).toBe('cancelled');
    expect(app.runs['two']?.reason('a')).toBe('run 3 took its place in the line for group g');
    expect(app.runs['three']?.state.gate).toMatchObject({ phase: 'waiting' });
  });

  test('keeps all that wait, in the order of arrival, with queue: max', () => {
    const app = new App();
    const started: string[] = [];
    const ids = ['one', 'two', 'three', 'four'];
    for (const id of ids) app.add(id, workflow('{ group: g, queue: max }'));
    for (const id of ids) app.start(id);
    for (let round = 0; round < 4; round++) {
      for (const id of ids.toReversed()) {
        if (app.runs[id]?.phases()['a'] === 'running') continue;
        if (app.start(id).length > 0) started.push(id);
      }
      const going = ids.find((id) => app.runs[id]?.phases()['a'] === 'running') ?? '';
      app.runs[going]?.ends('a', 'success');
      app.start(going);
    }
    expect(started).toEqual(['two', 'three', 'four']);
  });

  test('ends what is in progress where the newcomer says so, which may be an expression', () => {
    const app = new App();
    const text = workflow('{ group: g, cancel-in-progress: "${{ github.ref_name == \'main\' }}" }');
    const one = app.add('one', text);
    app.start('one');
    app.add('two', text);
    expect(app.start('two')).toEqual([]);
    app.start('one');
    expect(one.state.cancelRequested?.by).toBe('run 2, the next of group g');
    one.ends('a', 'cancelled');
    app.start('one');
    expect(one.state.finished?.result).toBe('cancelled');
    expect(app.start('two')).toEqual(['a']);
  });

  test('a run that is cancelled while it waits starts nothing', () => {
    const app = new App();
    app.add('one', workflow('g'));
    app.start('one');
    const two = app.add('two', workflow('g', job('a', '    if: always()\n')));
    app.start('two');
    two.cancel();
    expect(app.start('two')).toEqual([]);
    expect(two.state.finished?.result).toBe('cancelled');
  });

  test('a name that cannot be evaluated fails the run with the reason', () => {
    const app = new App();
    const run = app.add('one', workflow("${{ fromJSON('{') }}"));
    app.start('one');
    expect(run.state.finished?.result).toBe('failure');
    expect(run.reason('a')).toMatch(/JSON/);
  });

  test('an empty name is no group', () => {
    const app = new App();
    app.add('one', workflow("${{ github.head_ref || '' }}"));
    expect(app.start('one')).toEqual(['a']);
    expect(app.ledger).toEqual({});
  });
});

describe('the group of a job', () => {
  const jobs = `on: push\njobs:\n${job('a', '    concurrency: g\n')}${job('b', '    concurrency: g\n')}${job('c')}`;

  test('lets one job at a time run, within a run and across runs', () => {
    const app = new App();
    const one = app.add('one', jobs.replaceAll('concurrency: g', 'concurrency: { group: g, queue: max }'));
    app.add('two', `on: push\njobs:\n${job('d', '    concurrency: { group: g, queue: max }\n')}`);
    expect(app.start('one')).toEqual(['c', 'a']);
    expect(app.start('two')).toEqual([]);
    expect(one.reason('b')).toBe('waits for job "a" of run 1 of group g');
    one.ends('a', 'success');
    expect(app.start('one')).toEqual(['b']);
    one.ends('b', 'failure');
    app.start('one');
    app.start('one');
    expect(app.start('two')).toEqual(['d']);
  });

  test('a newcomer that ends what is in progress ends the job, not its run', () => {
    const app = new App();
    const text = `on: push\njobs:\n${job('a', '    concurrency: { group: g, cancel-in-progress: true }\n')}${job('c')}`;
    const one = app.add('one', text);
    app.start('one');
    app.add('two', text);
    app.start('two');
    app.start('one');
    const { actions } = one.look();
    expect(actions).toContainEqual(
      expect.objectContaining({
        kind: 'cancel-job',
        jobKey: 'a',
        reason: 'cancelled by job "a" of run 2, the next of group g',
      }),
    );
    expect(one.state.cancelRequested).toBeNull();
  });

  test('rules come first: a job that waits for them holds no group', () => {
    const app = new App();
    const one = app.add('one', `on: push\njobs:\n${job('a', '    environment: prod\n    concurrency: g\n')}`);
    app.start('one');
    expect(app.ledger).toEqual({});
    one.observed.environments['prod'] = { kind: 'open' };
    expect(app.start('one')).toEqual(['a']);
  });

  test('a call holds its group while its jobs run', () => {
    const app = new App();
    const called = { inner: `on: { workflow_call: {} }\njobs:\n${job('x')}` };
    const call = 'on: push\njobs:\n  call: { uses: ./.github/workflows/inner.yml, concurrency: g }\n';
    const one = app.add('one', call, called);
    const two = app.add('two', call, called);
    expect(app.start('one')).toEqual(['call/x']);
    expect(app.start('two')).toEqual([]);
    one.ends('call/x', 'success');
    app.start('one');
    expect(app.start('two')).toEqual(['call/x']);
    expect(two.phases()['call']).toBe('calling');
  });
});

describe('nobody waits for itself', () => {
  const called = { inner: `on: { workflow_call: {} }\nconcurrency: g\njobs:\n${job('x')}` };

  test('a called workflow that asks for the group of its caller is cancelled', () => {
    const app = new App();
    const run = app.add('one', workflow('g', '  call: { uses: ./.github/workflows/inner.yml }\n'), called);
    app.start('one');
    app.start('one');
    expect(run.state.finished?.result).toBe('cancelled');
    expect(run.reason('call')).toBe('a deadlock: what holds group g waits for this to end');
  });

  test('and so is one of two runs that wait for each other', () => {
    const app = new App();
    const inner = (group: string) => job('a', `    concurrency: ${group}\n`);
    app.add(
      'one',
      workflow(
        'g',
        job('first') + inner('h').replace('    concurrency', '    needs: first\n    concurrency'),
      ),
    );
    app.add(
      'two',
      workflow(
        'h',
        job('first') + inner('g').replace('    concurrency', '    needs: first\n    concurrency'),
      ),
    );
    for (const id of ['one', 'two']) {
      app.start(id);
      app.runs[id]?.ends('first', 'success');
    }
    app.start('one');
    expect(app.runs['one']?.phases()['a']).toBe('blocked');
    app.start('two');
    expect(app.runs['two']?.phases()['a']).toBe('cancelled');
    expect(app.start('one')).toEqual(['a']);
  });
});

describe('the ledger', () => {
  const wish = (holder: string): GroupWish => ({
    holder,
    label: holder,
    group: { name: 'g', cancelInProgress: false, queue: 'max' },
  });

  test('changes nothing when a word is said twice', () => {
    const app = new App();
    app.say('one', [wish('one')]);
    app.say('two', [wish('two')]);
    const before = app.ledger;
    app.say('two', [wish('two')]);
    app.say('one', [wish('one')]);
    expect(app.ledger).toEqual(before);
  });

  test('does not listen to a late server', () => {
    const app = new App();
    app.say('one', [wish('one')], 7);
    app.say('one', [], 6);
    app.say('two', [wish('two')]);
    expect(app.ledger['g']?.map(({ holder, holds }) => [holder, holds])).toEqual([
      ['one', true],
      ['two', false],
    ]);
  });

  test('gives the group of a run that is gone to the next', () => {
    const { ledger } = claimGroups({}, { run: 'one', fence: 1, wishes: [wish('one')], gone: [] });
    const next = claimGroups(ledger, { run: 'two', fence: 1, wishes: [wish('two')], gone: ['one'] });
    expect(next.verdicts).toEqual({ 'two g': { kind: 'holds', supersededBy: null } });
  });

  test('takes a hundred that wait, and cancels the next', () => {
    const app = new App();
    for (let n = 0; n <= 101; n++) app.say(`r${n}`, [wish(`r${n}`)]);
    const refused = app.ledger['g']?.filter((entry) => entry.refused !== null);
    expect(refused?.map(({ holder, refused: why }) => [holder, why])).toEqual([
      ['r101', '100 wait for group g already'],
    ]);
  });
});
