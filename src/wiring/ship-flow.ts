import { environmentsFor, type App } from '../app/index.ts';
import type { RolloutRequest, RolloutResult } from '../delivery/index.ts';
import type { FlowHandler, Json, Signal, Transition } from '../flow/index.ts';
import type { Release } from '../release/index.ts';
import { matchesPatterns } from '../workflow/index.ts';
import type { Background } from './background.ts';
import type { RolloutWish } from './prepare-rollout.ts';
import { askEnvironment, refusal } from './ask-environment.ts';
import { rolloutIdOf, type RunFlowData } from './run-data.ts';

/*
 *   running ──► all runs ended well ──► deploying (only where no workflow deploys) ──► succeeded
 *      │                                   │ one environment after the other
 *      └── a run failed or was cancelled ──┴──► failed | cancelled
 */

/** A commit on its way: its runs, then its rollouts where no workflow asks for them itself. */
export interface ShipData {
  id: string;
  /** Place among the ships of the app, from 1; an earlier version of Slipway did not count them. */
  number?: number;
  app: App;
  commit: string;
  title: string;
  ref: string;
  actor: string;
  startedAtMs: number;
  /** By run id, in the order of the files. */
  runs: Record<string, 'running' | 'success' | 'failure' | 'cancelled'>;
  /** Runs still to be created, in the first tick. */
  create: RunFlowData[];
  /** Whether a workflow has a deploy step; then its runs roll out, and nothing follows them. */
  workflowDeploys: boolean;
  deploying: { environments: string[]; asked: string | null } | null;
  rollouts: { id: string; environment: string }[];
  ended: { state: 'succeeded' | 'failed' | 'cancelled'; reason: string | null; atMs: number } | null;
}

/** What a ship's flow acts on. */
export interface ShipPorts {
  background: Background;
  prepare(wish: RolloutWish): Promise<RolloutRequest>;
  release(data: ShipData): Promise<Release>;
}

/** Follows the runs of a commit, then rolls out where the workflows leave that to Slipway. */
export function shipHandler(ports: ShipPorts): FlowHandler<ShipData> {
  return {
    kind: 'ship',
    tick(flow, { nowMs, signals }) {
      const data = structuredClone(flow.data);
      const transition: Transition<ShipData> = {
        phase: '',
        data,
        wakeAtMs: null,
        events: [],
        consumed: [],
        create: [],
        send: [],
      };
      for (const run of data.create) {
        transition.create?.push({
          id: run.run.id,
          kind: 'run',
          phase: 'running',
          data: run,
          wakeAtMs: nowMs,
        });
      }
      data.create = [];
      takeSignals(data, signals, { nowMs, transition });
      if (!data.ended) advance(data, { nowMs, transition, ports });
      transition.consumed = signals.map(({ id }) => id);
      transition.phase = data.ended?.state ?? (data.deploying ? 'deploying' : 'running');
      transition.done = data.ended !== null;
      if (data.ended) transition.events.push(ended(data, data.ended));
      return Promise.resolve(transition);
    },
  };
}

interface Turn {
  nowMs: number;
  transition: Transition<ShipData>;
  ports: ShipPorts;
}

function takeSignals(
  data: ShipData,
  signals: readonly Signal[],
  { nowMs, transition }: Omit<Turn, 'ports'>,
): void {
  for (const { name, payload } of signals) {
    if (name === 'run-finished') {
      const { run, result } = payload as { run: string; result: 'success' | 'failure' | 'cancelled' };
      data.runs[run] = result;
    }
    if (name === 'cancel') cancel(data, payload, { nowMs, transition });
    if (name === 'rollout-finished') rolloutFinished(data, payload as unknown as RolloutResult, nowMs);
  }
}

/** Ends what is under way: runs by themselves, a rollout by going back; its end then ends the ship. */
function cancel(data: ShipData, payload: Json, { nowMs, transition }: Omit<Turn, 'ports'>): void {
  const going = Object.entries(data.runs).filter(([, result]) => result === 'running');
  for (const [run] of going) transition.send?.push({ flowId: run, name: 'cancel', payload });
  if (!data.deploying) return;
  const { asked, environments } = data.deploying;
  if (asked === null) return end(data, 'cancelled', 'it was cancelled', nowMs);
  const { by } = payload as { by: string };
  const parts = { create: transition.create ?? [], send: transition.send ?? [] };
  askEnvironment(parts, `${data.app.name}/${environments[0] ?? ''}`, {
    name: 'abort',
    payload: { rolloutId: asked, by },
  });
}

function rolloutFinished(data: ShipData, result: RolloutResult, nowMs: number): void {
  const [environment, ...rest] = data.deploying?.environments ?? [];
  if (!data.deploying || result.rollout !== data.deploying.asked) return;
  if (result.outcome === 'succeeded') data.deploying = { environments: rest, asked: null };
  else if (result.outcome === 'aborted') end(data, 'cancelled', result.reason, nowMs);
  else end(data, 'failed', `the rollout to ${environment ?? ''} ${result.outcome}: ${result.reason}`, nowMs);
}

function advance(data: ShipData, turn: Turn): void {
  const results = Object.values(data.runs);
  if (results.includes('running')) return;
  if (results.includes('cancelled')) return end(data, 'cancelled', 'it was cancelled', turn.nowMs);
  if (results.includes('failure')) return end(data, 'failed', null, turn.nowMs);
  if (data.workflowDeploys) return end(data, 'succeeded', null, turn.nowMs);
  data.deploying ??= { environments: targets(data), asked: null };
  const [environment] = data.deploying.environments;
  if (environment === undefined) return end(data, 'succeeded', null, turn.nowMs);
  if (data.deploying.asked === null) deploy(data, environment, turn);
}

/** Environments that a ship goes to, one after the other, where no workflow says so itself. */
export function targets({ app, ref }: Pick<ShipData, 'app' | 'ref'>): string[] {
  const branch = ref.replace(/^refs\/heads\//, '');
  return environmentsFor(app, branch, matchesPatterns).map(({ name }) => name);
}

function deploy(data: ShipData, environment: string, { nowMs, transition, ports }: Turn): void {
  const key = `${data.id}/${environment}`;
  const rolloutId = rolloutIdOf(key);
  const { app, commit, ref, title, actor } = data;
  const work = ports.background.ensure(key, () =>
    ports.prepare({
      rolloutId,
      app,
      environment,
      commit,
      ref,
      title,
      actor,
      replyTo: data.id,
      shipNumber: data.number ?? null,
      release: () => ports.release(data),
    }),
  );
  if (work.state === 'going') {
    transition.wakeAtMs = nowMs + 50;
    return;
  }
  ports.background.forget(key);
  if (work.state === 'failed') return end(data, 'failed', refusal(0, environment, work.error).reason, nowMs);
  data.rollouts.push({ id: rolloutId, environment });
  data.deploying = { environments: data.deploying?.environments ?? [], asked: rolloutId };
  askEnvironment(
    { create: transition.create ?? [], send: transition.send ?? [] },
    `${app.name}/${environment}`,
    { name: 'rollout', payload: work.value as unknown as Json },
  );
}

function end(
  data: ShipData,
  state: 'succeeded' | 'failed' | 'cancelled',
  reason: string | null,
  atMs: number,
): void {
  data.ended ??= { state, reason, atMs };
}

function ended(
  data: ShipData,
  { state, reason }: NonNullable<ShipData['ended']>,
): Transition['events'][number] {
  return {
    chain: data.app.name,
    type: `ship.${state}`,
    actor: 'slipway',
    data: { ship: data.id, commit: data.commit, reason },
  };
}
