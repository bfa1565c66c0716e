import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Job, Workflow } from '../workflow/index.ts';
import { claimGroups, createRun, groupWishes, planRun, requestCancel } from './index.ts';
import type { GroupLedger, JobInstance, JobResult, Observed, RunState } from './index.ts';
import { workflowShapes, workflowsOf, type WorkflowShape } from './testing/random-workflow.ts';

const event = { name: 'push', ref: 'refs/heads/main', commit: 'c', actor: 'ana', message: '', payload: {} };

/** A run with its workers, as far as the world knows of them. */
interface Going {
  state: RunState;
  observed: Observed;
  /** Workers that were ever started, by id, so that none starts twice. */
  workers: Set<string>;
  fence: number;
}

/** Runs of one app that share a ledger, ticked in any order by servers that die between any two writes. */
class World {
  ledger: GroupLedger = {};
  readonly runs: Going[];
  private nowMs = 0;

  constructor(shapes: WorkflowShape[][]) {
    this.runs = shapes.map((each, index) => ({
      state: createRun({ ...workflowsOf(each), id: `r${index}`, number: index, app: 'a', event, nowMs: 0 }),
      observed: { jobs: {}, environments: {}, rollouts: {}, groups: {} },
      workers: new Set(),
      fence: 0,
    }));
  }

  /** One tick: the word to the ledger, the plan, its actions, the commit; `dies` says after which it ends. */
  tick(run: Going, dies: number): void {
    if (run.state.finished) return;
    run.fence++;
    const gone = this.runs.flatMap(({ state }) => (state.finished ? [state.id] : []));
    const claim = { run: run.state.id, fence: run.fence, wishes: groupWishes(run.state), gone };
    const { ledger, verdicts } = claimGroups(this.ledger, claim);
    this.ledger = JSON.parse(JSON.stringify(ledger)) as GroupLedger;
    for (const line of Object.values(this.ledger)) {
      expect(line.filter(({ holds }) => holds).length).toBeLessThanOrEqual(1);
    }
    if (dies === 1) return;
    const limits = { nowMs: this.nowMs++, maxParallelJobs: 3, hostLabels: [], unsupported: 'fail' as const };
    const observed = { ...run.observed, groups: verdicts };
    const plan = planRun(run.state, observed, limits);
    expect(planRun(run.state, observed, limits)).toEqual(plan);
    // Whoever dies here has done things that its successor does again.
    for (const action of plan.actions) {
      if (action.kind !== 'start-job' || run.workers.has(action.workerId)) continue;
      if (dies === 2) continue;
      this.start(run, action, plan.state);
    }
    if (dies !== 3) run.state = JSON.parse(JSON.stringify(plan.state)) as RunState;
  }

  private start(
    run: Going,
    { jobKey, workerId }: { jobKey: string; workerId: string },
    state: RunState,
  ): void {
    expect([...run.workers].filter((id) => id.startsWith(`${state.id}/${jobKey}/`))).toEqual([]);
    run.workers.add(workerId);
    run.observed.jobs[jobKey] = { worker: 'alive', report: { phase: 'running' } };
    const job = state.jobs[jobKey] as JobInstance;
    for (const need of written(state, job).needs) {
      expect(of(state, job.parent, need.id).every((each) => each.state.phase === 'finished')).toBe(true);
    }
    if (job.parent !== null) expect(state.jobs[job.parent]?.state.phase).toBe('calling');
  }

  /** Workers that really run, by the groups that their jobs, callers and runs hold. */
  checkGroups(): void {
    const holders = new Map<string, Set<string>>();
    const hold = (name: string, holder: string) => {
      const known = holders.get(name.toLowerCase()) ?? new Set();
      holders.set(name.toLowerCase(), known.add(holder));
    };
    for (const { state, observed } of this.runs) {
      for (const [key, { worker }] of Object.entries(observed.jobs)) {
        if (worker !== 'alive') continue;
        if (state.gate.phase !== 'closed' && state.gate.group) hold(state.gate.group.name, state.id);
        for (let job = state.jobs[key]; job; job = state.jobs[job.parent ?? '']) {
          for (const { name } of job.groups) hold(name, `${state.id}/${job.key}`);
        }
      }
    }
    for (const [name, by] of holders) expect([name, [...by]]).toEqual([name, [[...by][0]]]);
  }

  /** A worker of the run ends, or dies. */
  end(run: Going, choice: number): void {
    const alive = Object.entries(run.observed.jobs).filter(([, { worker }]) => worker === 'alive');
    const [key] = alive[choice % Math.max(1, alive.length)] ?? [];
    if (key === undefined || run.state.jobs[key]?.state.phase !== 'running') return;
    const result = (['success', 'success', 'failure', 'cancelled'] as const)[choice % 4] ?? 'success';
    const report =
      choice % 13 === 0 ? { phase: 'running' as const } : { phase: 'finished' as const, result, outputs: {} };
    run.observed.jobs[key] = { worker: 'gone', report };
  }
}

function workflowAt(state: RunState, parent: string | null): Workflow {
  if (parent === null) return state.workflow;
  const call = state.jobs[parent] as JobInstance;
  const job = written(state, call);
  return state.called[job.kind === 'call' ? job.uses.text : ''] as Workflow;
}

function written(state: RunState, { parent, jobId }: JobInstance): Job {
  return workflowAt(state, parent).jobs.find(({ id }) => id === jobId) as Job;
}

const of = (state: RunState, parent: string | null, jobId: string) =>
  Object.values(state.jobs).filter((job) => job.parent === parent && job.jobId === jobId);

/** The plain meaning of conditions and results, job by job in the order of the file. */
function checkFrame(state: RunState, parent: string | null): JobResult {
  const results = new Map<string, JobResult>();
  const ancestors = new Map<string, Set<string>>();
  for (const job of workflowAt(state, parent).jobs) {
    const above = new Set(job.needs.flatMap(({ id }) => [id, ...(ancestors.get(id) ?? [])]));
    ancestors.set(job.id, above);
    const seen = [...above].map((id) => results.get(id));
    const meets = {
      'always()': true,
      'failure()': seen.includes('failure'),
      'success()': seen.every((result) => result === 'success'),
      false: false,
      'cancelled()': false,
    }[(job.if?.text ?? 'success()') as 'success()'];
    const ends = of(state, parent, job.id).map((instance): JobResult => {
      if (instance.state.phase !== 'finished') throw new Error(`${instance.key} has not ended`);
      const inner = Object.values(state.jobs).some((each) => each.parent === instance.key);
      if (inner)
        expect([instance.key, instance.state.result]).toEqual([
          instance.key,
          checkFrame(state, instance.key),
        ]);
      return instance.state.result === 'failure' && instance.continueOnError
        ? 'success'
        : instance.state.result;
    });
    if (!meets) expect([job.id, ends]).toEqual([job.id, ['skipped']]);
    else if (job.kind === 'steps') expect(ends).not.toContain('skipped');
    results.set(job.id, worst(ends));
  }
  return worst([...results.values()]);
}

function worst(results: JobResult[]): JobResult {
  return (['failure', 'cancelled', 'success'] as const).find((each) => results.includes(each)) ?? 'skipped';
}

/** What the simple model does not know: cancels, and newcomers of groups. */
function isPlain(state: RunState): boolean {
  const refused = Object.values(state.jobs).some(
    ({ superseded, groups, state: at }) =>
      superseded !== null || (at.phase === 'finished' && at.reason !== null && groups.length > 0),
  );
  const odd = Object.values(state.jobs).some(
    ({ state: at }) =>
      at.phase === 'finished' && /deadlock|took its place|both the job|fail-fast/.test(at.reason ?? ''),
  );
  return state.cancelRequested === null && !refused && !odd;
}

test('runs that call workflows and share groups always end, hold each group alone, and start nothing twice', () => {
  const counts = { runs: 0, plain: 0, calls: 0, held: 0 };
  fc.assert(
    fc.property(
      fc.array(workflowShapes, { minLength: 1, maxLength: 3 }),
      fc.infiniteStream(fc.nat({ max: 10_000 })),
      fc.option(fc.record({ run: fc.nat({ max: 2 }), atTurn: fc.nat({ max: 40 }) })),
      (shapes, choices, cancel) => {
        const world = new World(shapes);
        const next = () => choices.next().value ?? 0;
        for (let turn = 0; turn < 4_000 && !world.runs.every(({ state }) => state.finished); turn++) {
          const run = world.runs[next() % world.runs.length];
          if (!run) continue;
          const target = cancel?.atTurn === turn ? world.runs[cancel.run] : undefined;
          if (target) target.state = requestCancel(target.state, 'ana', turn);
          const dies = next() % 12;
          world.tick(run, dies);
          world.checkGroups();
          world.end(run, next());
        }
        for (const { state } of world.runs) {
          expect(state.finished).not.toBeNull();
          expect(Object.values(state.jobs).every((job) => job.state.phase === 'finished')).toBe(true);
          counts.runs++;
          counts.calls += Object.values(state.jobs).filter(({ parent }) => parent !== null).length;
          counts.held += Object.values(state.jobs).filter(({ groups }) => groups.length > 0).length;
          if (!isPlain(state)) continue;
          counts.plain++;
          checkFrame(state, null);
        }
      },
    ),
    // Other seeds: SLIPWAY_SEED.
    { numRuns: 150, seed: Number(process.env['SLIPWAY_SEED'] ?? 20_261_122) },
  );
  // The cases must really be there.
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(20);
});
