import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RolloutResult } from '../delivery/index.ts';
import type { FlowHandler, Signal } from '../flow/index.ts';
import { observedReport, readReport } from '../runner/index.ts';
import {
  currentWorkerId,
  groupWishes,
  planRun,
  requestCancel,
  workKey,
  type DeployOutcome,
  type EnvironmentVerdict,
  type Observed,
} from '../runs/index.ts';
import type { ProcessStatus } from '../supervisor/index.ts';
import { matchesPatterns } from '../workflow/index.ts';
import { askGroups, sameWishes, wakeWaiters } from './run-groups.ts';
import { runScope, type AskedRollout, type RunFlowData, type RunPorts } from './run-data.ts';
import { RunTurn } from './run-turn.ts';

/** Looks at a run's workers and rollouts, lets the engine plan, carries out its actions, and commits. */
export function runHandler(ports: RunPorts): FlowHandler<RunFlowData> {
  return {
    kind: 'run',
    async tick(flow, { nowMs, fence, signals }) {
      const data = takeSignals(flow.data, signals, nowMs);
      const statuses = await ports.supervisor.list(runScope(data.run.id));
      const groups = await askGroups(data.run, fence, ports);
      const observed = await observe(data, { statuses, groups, ports });
      const plan = planRun(data.run, observed, {
        nowMs,
        maxParallelJobs: ports.maxParallelJobs,
        hostLabels: [],
        unsupported: 'fail',
      });
      const next: RunFlowData = { ...data, run: plan.state };
      const turn = new RunTurn(next, { ports, fence });
      for (const action of plan.actions) await turn.carryOut(action);
      await turn.tidy(statuses);
      const { finished } = next.run;
      if (finished)
        await rm(join(ports.layout.run(next.run.id).root, 'work'), { recursive: true, force: true });
      const reply = {
        flowId: next.ship,
        name: 'run-finished',
        payload: { run: next.run.id, result: finished?.result ?? null },
      };
      const wakes = finished ? await wakeWaiters(next.run, ports) : [];
      const settled = sameWishes(groupWishes(data.run), groupWishes(next.run));
      return {
        phase: finished ? finished.result : 'running',
        data: next,
        wakeAtMs: finished
          ? null
          : nowMs + (settled && plan.named.length === 0 ? turn.pauseMs(statuses, observed) : 0),
        done: finished !== null,
        events: plan.events.map(({ type, data: about }) => ({
          chain: next.run.app,
          type,
          actor: 'slipway',
          data: { run: next.run.id, ...about },
        })),
        consumed: signals.map(({ id }) => id),
        create: turn.create,
        send: finished ? [...turn.send, reply, ...wakes] : turn.send,
      };
    },
  };
}

function takeSignals(data: RunFlowData, signals: readonly Signal[], nowMs: number): RunFlowData {
  let next: RunFlowData = { ...data, deploys: { ...data.deploys } };
  for (const { name, payload } of signals) {
    if (name === 'cancel')
      next = { ...next, run: requestCancel(next.run, (payload as { by: string }).by, nowMs) };
    if (name !== 'rollout-finished') continue;
    const result = payload as unknown as RolloutResult;
    for (const [key, deploy] of Object.entries(next.deploys)) {
      if (deploy.rolloutId === result.rollout)
        next.deploys[key] = { ...deploy, outcome: outcomeOf(key, deploy, result) };
    }
  }
  return next;
}

function outcomeOf(key: string, asked: AskedRollout, result: RolloutResult): DeployOutcome {
  return {
    stepIndex: Number(key.slice(key.lastIndexOf('/') + 1)),
    result: result.outcome === 'succeeded' ? 'success' : 'failure',
    outputs: {
      release: asked.release,
      revision: result.revision ?? '',
      url: asked.url,
    },
    reason:
      result.outcome === 'succeeded'
        ? result.reason
        : `the rollout to ${asked.environment} ${result.outcome}: ${result.reason}`,
  };
}

async function observe(
  data: RunFlowData,
  { statuses, groups, ports }: { statuses: ProcessStatus[]; groups: Observed['groups']; ports: RunPorts },
): Promise<Observed> {
  const { run } = data;
  const jobs: Observed['jobs'] = {};
  for (const job of Object.values(run.jobs)) {
    const { key } = job;
    const workerId = currentWorkerId(run, key);
    if (workerId === null) continue;
    const status = statuses.find(({ id }) => id === workerId);
    // The process is looked at before its report, so that a worker that ends in between is not taken for lost.
    const worker = status ? (status.phase === 'exited' ? 'gone' : 'alive') : 'none';
    const report = await readReport(ports.layout.run(run.id).job(workKey(job)));
    jobs[key] = { worker, report: observedReport(report) };
  }
  const rollouts = Object.entries(data.deploys).map(
    ([key, { outcome }]) =>
      [key, outcome ? { kind: 'ended' as const, outcome } : { kind: 'going' as const }] as const,
  );
  return { jobs, environments: verdicts(data), rollouts: Object.fromEntries(rollouts), groups };
}

/** What the rules of each environment say of this run's branch. One that slipway.yml does not know has no rules. */
function verdicts({ app, run }: RunFlowData): Record<string, EnvironmentVerdict> {
  const ofJobs = Object.values(run.jobs).flatMap(({ environment }) =>
    environment === null ? [] : [environment],
  );
  const named = [...new Set([...(app?.environments ?? []).map(({ name }) => name), ...ofJobs])];
  return Object.fromEntries(
    named.map((name): [string, EnvironmentVerdict] => {
      const branches = app?.environments.find((environment) => environment.name === name)?.branches ?? [];
      const branch = run.event.ref.replace(/^refs\/heads\//, '');
      if (branches.length === 0 || matchesPatterns(branches, branch)) return [name, { kind: 'open' }];
      const allowed = branches.map((pattern) => `"${pattern}"`).join(', ');
      return [
        name,
        { kind: 'refused', reason: `environment "${name}" takes only branches ${allowed}, not "${branch}"` },
      ];
    }),
  );
}
