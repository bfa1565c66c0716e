import { describe, expect, test } from 'vitest';
import type { InstanceObservation, Observed } from './observed.ts';
import { aCanary, aJudge, aRequest } from './testing/builders.ts';
import { at, atRest, lookMs, outcome, Stage } from './testing/stage.ts';
import type { Behaviour } from './testing/world.ts';

const stack = { stack: true, replicas: 2 };

async function looks(stage: Stage, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await stage.tick();
    stage.pass(lookMs);
  }
}

const copies = ({ world }: Stage): string[] => [...world.copies.keys()].toSorted();
const seen =
  (change: (instance: InstanceObservation) => void, of: string) =>
  ({ instances }: Observed): void =>
    instances.filter(({ id }) => id === of).forEach(change);

describe('a stack of services', () => {
  test('comes up in order: what is shared, tasks, companions, the web copies, workers', async () => {
    const stage = new Stage();
    await stage.tick(['rollout', aRequest(1, 'good', stack)]);
    await stage.until(atRest);
    expect(stage.lines.filter((line) => /^(prepare|start|run) /.test(line))).toEqual([
      'prepare r1',
      'start shared-db-1',
      'run node migrate.js of r1',
      'start r1-api-1',
      'start r1-web-1',
      'start r1-web-2',
      'start r1-worker-1',
    ]);
    expect(stage.world.broken).toEqual([]);
  });

  test('runs its companions in two revisions at once, and its shared services once', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', stack));
    await stage.tick(['rollout', aRequest(2, 'good', stack)]);
    await stage.until(at('baking'));
    expect(copies(stage)).toEqual([
      'r1-api-1',
      'r1-web-1',
      'r1-web-2',
      'r2-api-1',
      'r2-web-1',
      'r2-web-2',
      'r2-worker-1',
      'shared-db-1',
    ]);
    expect(stage.world.copies.get('shared-db-1')?.revision.id).toBe('r1');
  });

  test('ends its companions after the copies that ask them', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', stack));
    await stage.tick(['rollout', aRequest(2, 'never-ready', stack)]);
    await stage.until(atRest);
    const ends = stage.lines.filter((line) => line.startsWith('stop'));
    expect(ends.at(-1)).toBe('stop r2-api-1');
    expect(stage.world.broken).toEqual([]);
  });

  test('is not begun without what it shares, and says which service is missing', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', stack));
    stage.see = seen((copy) => (copy.probe = { failed: 'unhealthy: no space left' }), 'shared-db-1');
    await stage.tick(['rollout', aRequest(2, 'good', stack)]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe(
      'failed, the shared service db was not ready within 10 s: unhealthy: no space left',
    );
    expect(stage.lines.filter((line) => /^(start|stop) /.test(line))).toEqual([]);
  });

  test('whose images cannot be had fails before anything is touched', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', stack));
    await stage.tick(['rollout', aRequest(2, 'cannot-prepare', stack)]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe('failed, r2 could not be prepared: no such image');
    expect(stage.lines.filter((line) => /^(start|stop|run|route) /.test(line))).toEqual([]);
  });
});

test('a release whose database would write to the data of another starts none, and goes back', async () => {
  const stage = new Stage();
  stage.see = (observed) => {
    if (stage.state.rollout?.phase.at === 'preparing') observed.taken = 'the volume "db" is taken';
  };
  await stage.tick(['rollout', aRequest(1, 'good', stack)]);
  await stage.until(atRest);
  expect(outcome(stage)).toBe('failed, the volume "db" is taken');
  expect(stage.lines.filter((line) => line.startsWith('start '))).toEqual([]);
  expect(stage.state.shared).toEqual([]);
});

describe('tasks', () => {
  const two = (serial: number, behaves: Behaviour = 'good') => {
    const request = aRequest(serial, behaves);
    request.revision.tasks = [
      { name: 'release', command: 'node migrate.js' },
      { name: 'seed', command: '' },
    ];
    return request;
  };

  test('run in order, each under a key of its own, and are forgotten when traffic has moved', async () => {
    const stage = new Stage();
    await stage.tick(['rollout', two(1)]);
    await stage.until(atRest);
    expect([...stage.world.commandRuns.keys()]).toEqual(['release-r1', 'seed-r1']);
    expect(stage.state.migrated).toEqual(['sha256:good:1 release', 'sha256:good:1 seed']);
  });

  test('that have succeeded do not run again for the same release; one that failed does', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', two(2)]);
    stage.see = (observed) => {
      const seeds = stage.state.rollout?.taskIndex === 1 && observed.command.state === 'exited';
      if (seeds) observed.command = { state: 'exited', code: 3, logTail: ['no'] };
    };
    await stage.until(atRest);
    expect(outcome(stage)).toBe('failed, the task seed exited with 3; no traffic was moved');
    stage.see = () => {};
    await stage.tick(['rollout', { ...two(2), rolloutId: 'ro-3' }]);
    await stage.until(atRest);
    expect([...stage.world.commandRuns.keys()]).toEqual(['release-r1', 'release-r2', 'seed-r2', 'seed-r3']);
    expect(stage.state.stable?.id).toBe('r3');
  });
});

describe('an irreversible migration', () => {
  async function crossed(): Promise<Stage> {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    return stage.serves(aRequest(2, 'good', { irreversible: true }));
  }
  const back = (stage: Stage, force: boolean) => ({
    ...aRequest(9, 'good'),
    kind: 'rollback' as const,
    revision: stage.state.standby?.revision ?? aRequest(1, 'good').revision,
    force,
  });

  test('is not gone back across', async () => {
    const stage = await crossed();
    await stage.tick(['rollout', back(stage, false)]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe(
      'failed, the migration of c2 (change 2) cannot be undone, and what ran before it cannot run on what it left',
    );
    expect(stage.state.stable?.id).toBe('r2');
  });

  test('unless somebody insists', async () => {
    const stage = await crossed();
    await stage.tick(['rollout', back(stage, true)]);
    await stage.until(atRest);
    expect(stage.state.stable?.id).toBe('r1');
  });

  test('does not stand between releases that came after it', async () => {
    const stage = await crossed();
    await stage.serves(aRequest(3, 'good'));
    await stage.tick(['rollout', back(stage, false)]);
    await stage.until(atRest);
    expect(stage.state.stable?.id).toBe('r2');
  });

  test('goes on when the old revision is ill after it, as was announced', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'breaks-stable', { irreversible: true })]);
    await stage.until(atRest);
    expect(stage.lines).toContain('stable.ill');
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
  });
});

describe('a shared service', () => {
  async function changed(): Promise<Stage> {
    const stage = await new Stage().serves(aRequest(1, 'good', stack));
    return stage.serves(aRequest(2, 'good', stack));
  }
  const apply = ['apply-shared', { service: 'db', by: 'ana' }] as [string, unknown];

  test('that does not stay up is named when the copies that need it are not ready', async () => {
    const stage = new Stage();
    let looks = 0;
    stage.see = ({ instances }) => {
      const database = instances.find(({ id }) => id === 'shared-db-1');
      if (database && (looks += 1) > 3)
        Object.assign(database, { phase: 'backoff', logTail: ['no such flag'] });
    };
    await stage.tick(['rollout', aRequest(1, 'never-ready', { stack: true })]);
    await stage.until(atRest);
    expect(outcome(stage)).toMatch(/^failed, .* was not ready .*; the shared service db does not stay up$/);
  });

  test('keeps running as it is when its definition changes, until somebody applies it', async () => {
    const stage = await changed();
    expect(stage.state.shared[0]?.service.fingerprint).toBe('s1');
    await stage.tick(apply);
    await stage.until(({ replacing }) => replacing === null);
    expect(stage.lines).toEqual([
      'shared.replacing',
      'stop shared-db-1',
      'start shared-db-1',
      'shared.applied',
    ]);
    expect(stage.state.shared[0]?.service.fingerprint).toBe('s2');
  });

  test('is never ended by a rollout, even where nobody remembers who started it', async () => {
    const stage = await changed();
    stage.state = { ...stage.state, shared: [] };
    await stage.tick(['rollout', aRequest(3, 'good', { replicas: 2 })]);
    await stage.until((state) => atRest(state) && state.retiring.length === 0);
    expect(stage.world.copies.has('shared-db-1')).toBe(true);
  });

  test('is not replaced while a rollout is under way, and no rollout begins while it is away', async () => {
    const stage = await changed();
    await stage.tick(['rollout', aRequest(3, 'good', stack)]);
    await stage.tick(apply);
    expect(stage.lines).toContain('shared.refused');
    await stage.until(atRest);
    await stage.tick(apply);
    await stage.tick(['rollout', aRequest(4, 'good', stack)]);
    expect(stage.state.rollout).toBeNull();
    await stage.until(atRest);
    expect(outcome(stage)).toBe('succeeded, r4 serves app/production');
  });

  test('that does not come up as it is now comes back as it was', async () => {
    const stage = await changed();
    await stage.tick(apply);
    stage.see = (observed) => {
      const now = stage.world.copies.get('shared-db-1')?.revision.id;
      if (now === 'r2') seen((copy) => (copy.probe = { failed: 'unhealthy' }), 'shared-db-1')(observed);
    };
    await stage.until(({ replacing }) => replacing === null);
    expect(stage.lines.slice(-4)).toEqual([
      'shared.failed',
      'stop shared-db-1',
      'start shared-db-1',
      'shared.restored',
    ]);
    expect(stage.state.shared[0]?.service.fingerprint).toBe('s1');
  });
});

describe('what was changed by hand', () => {
  test('is replaced by new copies of the same release, beside the old ones; its tasks do not run again', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', stack));
    await stage.tick(['repair', { rolloutId: 'ro-fix', by: 'ana' }]);
    await stage.until((state) => atRest(state) && state.retiring.length === 0);
    expect(stage.state.stable).toMatchObject({ id: 'r2', release: { commit: 'c1' } });
    expect([...stage.world.commandRuns.keys()]).toEqual(['release-r1']);
    expect(stage.world.broken).toEqual([]);
  });

  test('is put right in place where all revisions share it, before anything else begins', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', stack));
    stage.world.stopByHand('shared-db-1');
    await stage.tick(['repair', { rolloutId: 'ro-fix', by: 'ana' }]);
    await stage.until((state) => atRest(state) && state.retiring.length === 0);
    expect(stage.state.stable?.id).toBe('r2');
    const done = stage.lines.filter((line) => /^(repair|start|stop) /.test(line));
    expect(done.slice(0, 2)).toEqual(['repair shared-db-1', 'start r2-api-1']);
    expect(done).not.toContain('stop shared-db-1');
    expect(stage.world.broken).toEqual([]);
  });

  test('and cannot be undone, does not hold the rest of a repair up', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', stack));
    stage.see = seen((copy) => (copy.drift = 'its memory limit was none and is 5'), 'shared-db-1');
    await stage.tick(['repair', { rolloutId: 'ro-fix', by: 'ana' }]);
    await stage.until(atRest);
    expect(stage.lines).toContain('repair shared-db-1');
    expect(stage.state.stable?.id).toBe('r2');
  });

  test('is left alone by a ship, which says what starts it again', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', stack));
    stage.world.stopByHand('shared-db-1');
    await stage.tick(['rollout', aRequest(2, 'good', stack)]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe(
      'failed, the shared service db was not ready within 10 s: it was stopped by hand: HTTP 503; start it: slipway repair production',
    );
  });
});

describe('the judge of a canary', () => {
  const judged = {
    replicas: 2,
    strategy: aCanary([20, 100], { kind: 'timer', ms: 20_000 }),
    settings: { judge: aJudge({ errorRate: 0.05, minRequests: 50 }) },
  };

  /** The router has counted so many requests of each revision since the step began. */
  function count(stage: Stage, counts: Record<string, [requests: number, errors: number]>, losses = [0, 0]) {
    stage.see = ({ routers: { here: router } }) => {
      const shared = stage.state.rollout?.phase.at === 'stepping' && stage.world.weightOf('r2') > 0;
      if (!router) return;
      const began = stage.state.rollout?.compared !== null;
      router.losses = losses[began ? 1 : 0] ?? 0;
      for (const revision of router.revisions) {
        const [requests = 0, errors = 0] = (shared && counts[revision.id]) || [];
        revision.requests = began ? requests : 0;
        revision.errors = began ? errors : 0;
        revision.sessions = revision.requests;
        revision.sessionsWithError = revision.errors;
      }
    };
  }

  test('takes back one that answers with errors', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', { replicas: 2 }));
    await stage.tick(['rollout', aRequest(2, 'good', judged)]);
    count(stage, { r1: [500, 0], r2: [100, 30] });
    await stage.until(atRest);
    expect(outcome(stage)).toBe(
      'failed, 30 % of its 100 requests failed, 5 % may; 0 % on the old revision; odds against chance more than 1,000,000 : 1; stopped at 20 %',
    );
  });

  test('is asked once more when a bake is over: what it says then is not too late', async () => {
    const judge = aJudge({ errorRate: 0.05, minRequests: 50 });
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'good', { settings: { judge, bakeMs: 2_000 } })]);
    await stage.until(at('baking'));
    let looks = 0;
    stage.see = ({ routers: { here: router } }) => {
      const phase = stage.state.rollout?.phase;
      const isOver = phase?.at === 'baking' && phase.timer.elapsedMs >= 1_700;
      if (isOver) looks += 1;
      for (const traffic of router?.revisions ?? [])
        if (traffic.id === 'r2')
          Object.assign(
            traffic,
            isOver
              ? { requests: 500, errors: 300, sessions: 500, sessionsWithError: 300 }
              : { requests: 0, errors: 0 },
          );
    };
    await stage.until(atRest);
    expect(looks).toBeGreaterThan(0);
    expect(outcome(stage)).toMatch(/^failed, 60 % of its 500 requests failed, 5 % may.*stopped at 100 %$/);
    expect(stage.lines.filter((line) => line === 'rollout.judged')).toHaveLength(1);
  });

  test('lets one go on that nobody asked, and says that it is unproven', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', { replicas: 2 }));
    await stage.tick(['rollout', aRequest(2, 'good', judged)]);
    count(stage, { r1: [500, 0], r2: [3, 3] });
    await stage.until(atRest);
    expect(stage.lines).toContain('rollout.unproven');
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
  });

  test('believes nothing while lines are lost', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', { replicas: 2 }));
    await stage.tick(['rollout', aRequest(2, 'good', judged)]);
    count(stage, { r1: [500, 0], r2: [100, 90] }, [0, 1]);
    await stage.until(atRest);
    expect(stage.lines).toContain('rollout.unproven');
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
  });

  test('holds no loss from before a step against what came since', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', { replicas: 2 }));
    await stage.tick(['rollout', aRequest(2, 'good', judged)]);
    count(stage, { r1: [500, 0], r2: [100, 90] }, [3, 3]);
    await stage.until(atRest);
    expect(outcome(stage)).toMatch(/^failed, 90 % of its 100 requests failed/);
  });
});

describe('a newer request', () => {
  test('takes back a rollout that waits or shares traffic, and starts once that is gone', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', { replicas: 2 }));
    const canary = aCanary([20, 100], { kind: 'approval' });
    await stage.tick(['rollout', aRequest(2, 'good', { replicas: 2, strategy: canary })]);
    await stage.until(() => stage.world.weightOf('r2') === 20);
    await stage.tick(['rollout', aRequest(3, 'good', { replicas: 2 })]);
    await stage.until(atRest);
    expect(stage.lines.filter((line) => line.startsWith('tell'))).toEqual([
      'tell run-1: superseded, ro-3 was asked for after it',
      'tell run-1: succeeded, r3 serves app/production',
    ]);
    expect(stage.world.broken).toEqual([]);
  });

  test('cuts a bake short in favour of what bakes', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'good', { settings: { bakeMs: 3_600_000 } })]);
    await stage.until(at('baking'));
    await stage.tick(['rollout', aRequest(3, 'good')]);
    await stage.until(atRest);
    expect(stage.lines.filter((line) => line.startsWith('tell'))).toEqual([
      'tell run-1: succeeded, r2 serves app/production',
      'tell run-1: succeeded, r3 serves app/production',
    ]);
  });

  test('lets a task come to its end, and never takes a way back', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'good')]);
    await stage.until(at('migrating'));
    stage.see = (observed) => (observed.command = { state: 'running', logTail: [] });
    await stage.tick(['rollout', aRequest(3, 'good')]);
    await looks(stage, 10);
    expect(stage.phase).toBe('migrating');
    stage.see = () => {};
    await stage.until(atRest);
    expect(stage.state.stable?.release.commit).toBe('c3');

    const revision = stage.state.standby?.revision;
    if (!revision) throw new Error('nothing stands by');
    await stage.tick(['rollout', { ...aRequest(4, 'good'), kind: 'rollback', revision }]);
    await stage.tick();
    await stage.tick(['rollout', aRequest(5, 'good')]);
    stage.lines = [];
    await stage.until(atRest);
    expect(stage.lines).toContain('tell run-1: succeeded, r1 serves app/production');
  });
});

describe('a step that makes room', () => {
  const rolling = { kind: 'rolling', batch: 1, unavailable: 1, pauseMs: 0 } as const;
  async function making(where: 'leaving' | 'staying' | 'unknown'): Promise<Stage> {
    const stage = await new Stage().serves(aRequest(1, 'good', { replicas: 2 }));
    await stage.tick(['rollout', aRequest(2, 'good', { replicas: 2, strategy: rolling })]);
    stage.see = ({ routers: { here: router }, instances }) => {
      const ports = instances.flatMap(({ revision, port }) => (revision === 'r1' ? (port ?? []) : []));
      const at = `127.0.0.1:${where === 'leaving' ? ports.at(-1) : ports[0]}`;
      for (const one of router?.revisions ?? []) {
        if (one.id !== 'r1') continue;
        one.inFlight = 1;
        one.inFlightAt = where === 'unknown' ? null : { [at]: 1 };
      }
    };
    await stage.until(({ rollout }) => rollout?.phase.at === 'stepping');
    await looks(stage, 8);
    return stage;
  }

  test('ends a copy that has finished, while one that stays is at work', async () => {
    expect((await making('staying')).lines).toContain('stop r1-web-2');
  });

  test.each(['leaving', 'unknown'] as const)(
    'waits for requests that may be those of the copy (%s), but not for ever',
    async (where) => {
      const stage = await making(where);
      expect(stage.lines).not.toContain('stop r1-web-2');
      await looks(stage, 20);
      expect(stage.lines).toContain('stop r1-web-2');
    },
  );
});
