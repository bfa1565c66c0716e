import { knownRevisions, type EnvironmentState } from '../delivery/index.ts';
import { CodedError, type Finding } from '../diagnostics/index.ts';
import type { Explanation, FlagContext } from '../flags/index.ts';
import type { Flow } from '../flow/index.ts';
import type { Story } from '../story/index.ts';
import { homeDiskWarnings } from './disk-room.ts';
import { environmentState, environmentStates } from './environments.ts';
import type { AskedChange, FlagsChangeView, FlagsView, FlagVersionView } from './flags/answers.ts';
import type { AskedRamp, RampWord } from './flags/ask-ramp.ts';
import type { FlagPlace } from './flags/place.ts';
import { rampFlows } from './flags/ramps.ts';
import { collectAll } from './garbage.ts';
import {
  askAbort,
  askRollback,
  rolloutsUnderWay,
  type GoingRollout,
  type AskedRollback,
  type RollbackWish,
  type Selection,
} from './going-back.ts';
import { askRepair, askReplacement } from './mending.ts';
import { requireMayShipSomewhere } from './people.ts';
import { planShip } from './plan-ship.ts';
import { rerunShip, type RerunShip } from './rerun-ship.ts';
import { rolloutsOf } from './rollout-log.ts';
import { pastRollouts, requireRollout, rolloutsOfShip, type HistoryWish } from './rollout-views.ts';
import { addressText } from './router-process.ts';
import type { RunFlowData } from './run-data.ts';
import { mirrorOf } from './app-mirror.ts';
import { checkCompose } from './compose-checks.ts';
import { checkCommit, newShip, requireSameApp, type ShipWish } from './shipping.ts';
import { targets, type ShipData } from './ship-flow.ts';
import { seeMachines } from './see-machines.ts';
import { sayWord, type WordWish } from './speaking.ts';
import type { System } from './system.ts';
import { viewEnvironment } from './view-environment.ts';
import { tellRollout } from './tell-rollout.ts';
import { viewShip } from './view-ship.ts';
import type {
  CollectionView,
  EnvironmentView,
  HealthView,
  HistoryEntry,
  PlanView,
  RampView,
  RolloutView,
  ShipView,
  StatusView,
} from './views.ts';

/** Older ships are found by their id alone. */
const shipsLookedAt = 200;

/** Everything that can be asked of a system, and asked for. Wrong wishes throw FindingsError or CodedError. */
export class Answers {
  private readonly system: System;

  constructor(system: System) {
    this.system = system;
  }

  async health(): Promise<HealthView> {
    const { options, startedAtMs, supervisor, router, problems, collections } = this.system;
    const { https } = options.listen;
    const supervised = await supervisor
      .health()
      .catch((error: unknown) => ({ warnings: [`supervisor: ${String(error)}`] }));
    const routed = await router
      .health()
      .catch((error: unknown) => ({ problems: [`router: ${String(error)}`] }));
    const collected = [...new Set([...collections.values()].flatMap(({ warnings }) => warnings))];
    const stuck = [...problems].map(([flow, problem]) => `${flow}: ${problem}`);
    return {
      version: options.version,
      pid: process.pid,
      home: options.home,
      listen: addressText(options.listen),
      listenTls: https ? addressText(https) : null,
      startedAtMs,
      warnings: [
        ...supervised.warnings,
        ...routed.problems,
        ...this.system.certificateProblems(),
        ...this.system.flags.problems(),
        ...stuck,
        ...collected,
        ...(await homeDiskWarnings(options.home)),
        ...this.system.machines.problems().values(),
      ],
    };
  }

  async status(): Promise<StatusView> {
    const environments = await environmentStates(this.system.store);
    const ships = await this.ships({ app: null, limit: 20, done: false });
    return {
      server: await this.health(),
      environments: await Promise.all(environments.map((state) => this.environment(state))),
      ships,
      ramps: await this.rampsUnderWay(),
    };
  }

  /** Commits that a bundle for the app may build on. */
  async heads(app: string): Promise<string[]> {
    const mirror = await mirrorOf(app, this.system.layout);
    return [...new Set((await mirror.heads()).map(({ commit }) => commit))];
  }

  async receive({
    app,
    ref,
    commit,
    file,
  }: {
    app: string;
    ref: string;
    commit: string;
    file: string;
  }): Promise<void> {
    const mirror = await mirrorOf(app, this.system.layout);
    await mirror.receiveBundle(file, ref, commit);
  }

  plan(wish: ShipWish): Promise<PlanView> {
    return planShip(wish, this.system);
  }

  /** Starts a commit on its way; what was left out or has no effect comes back as warnings. */
  async ship(
    wish: ShipWish,
  ): Promise<{ ship: string; warnings: Finding[]; sources: Record<string, string> }> {
    const { store } = this.system;
    const checked = await checkCommit(wish, this.system);
    requireSameApp(wish, checked.app);
    const compose = await checkCompose(wish, checked, this.system);
    const data = await newShip(wish, checked, store);
    await this.requireMayShip(data);
    const about = { ship: data.id, commit: data.commit, title: data.title, ref: data.ref };
    await store.flows.create({ id: data.id, kind: 'ship', phase: 'running', data, wakeAtMs: 0 }, [
      { chain: data.app.name, type: 'ship.requested', actor: wish.actor, data: about },
    ]);
    const warnings = checked.findings.filter(({ severity }) => severity === 'warning');
    return { ship: data.id, warnings: [...warnings, ...compose.warnings], sources: compose.sources };
  }

  /** Runs a ship that has ended again, or what of it failed; returns the new ship. */
  async rerun(wish: RerunShip): Promise<string> {
    const { store } = this.system;
    const old = (await this.shipFlow(wish.ship)).data as ShipData;
    const data = await rerunShip(wish, { old, runs: await this.runsOf(wish.ship), system: this.system });
    await this.requireMayShip(data);
    const about = {
      ship: data.id,
      commit: data.commit,
      title: data.title,
      ref: data.ref,
      rerunOf: wish.ship,
    };
    await store.flows.create({ id: data.id, kind: 'ship', phase: 'running', data, wakeAtMs: 0 }, [
      { chain: data.app.name, type: 'ship.requested', actor: wish.actor, data: about },
    ]);
    return data.id;
  }

  /** Where a workflow deploys by itself, that is judged when it does. */
  private requireMayShip(data: ShipData): Promise<void> {
    const environments = data.workflowDeploys ? [] : targets(data);
    return requireMayShipSomewhere(this.system.store, {
      actor: data.actor,
      app: data.app.name,
      environments,
    });
  }

  async cancel(ship: string, actor: string): Promise<void> {
    await this.shipFlow(ship);
    await this.system.store.flows.signal(ship, 'cancel', { by: actor });
  }

  async shipView(id: string): Promise<ShipView> {
    const flow = await this.shipFlow(id);
    return this.view(flow.data as ShipData);
  }

  /** Newest first; with `done: false`, only those under way. */
  async ships({
    app,
    limit,
    done,
  }: {
    app: string | null;
    limit: number;
    done?: boolean;
  }): Promise<ShipView[]> {
    const flows = await this.system.store.flows.list({
      kind: 'ship',
      newest: shipsLookedAt,
      ...(done === undefined ? {} : { done }),
    });
    const all = flows
      .map(({ data }) => data as ShipData)
      .filter((ship) => app === null || ship.app.name === app);
    const newest = all.toSorted((a, b) => b.startedAtMs - a.startedAtMs).slice(0, limit);
    return Promise.all(newest.map((ship) => this.view(ship)));
  }

  /** The runs of a ship, with their jobs. */
  async runsOf(ship: string): Promise<RunFlowData[]> {
    const { runs, create } = (await this.shipFlow(ship)).data as ShipData;
    const flows = await Promise.all(Object.keys(runs).map((id) => this.system.store.flows.get(id)));
    return flows.flatMap((flow, index) => {
      const data = (flow?.data as RunFlowData | undefined) ?? create[index];
      return data ? [data] : [];
    });
  }

  /** File with what making the images of a ship's release said; null for an app without images. */
  async buildLog(ship: string): Promise<string | null> {
    const { app, commit } = (await this.shipFlow(ship)).data as ShipData;
    return app.kind === 'compose' ? this.system.layout.app(app.name).buildLog(commit) : null;
  }

  /** Throws `wiring/no-such-job` for a job, by key, id or name, that the ship does not have. */
  async requireJob(ship: string, job: string): Promise<void> {
    const jobs = (await this.runsOf(ship)).flatMap(({ run }) => Object.values(run.jobs));
    const known = [...new Set(jobs.map(({ key }) => key))];
    if (job === 'images' && (await this.buildLog(ship)) !== null) return;
    if (jobs.some(({ key, jobId, displayName }) => [key, jobId, displayName].includes(job))) return;
    throw new CodedError('wiring/no-such-job', `${ship} has no job "${job}"`, {
      notes: [`jobs: ${known.map((key) => `"${key}"`).join(', ')}`],
      help: `name one of these: slipway logs ${ship} --job <job>`,
    });
  }

  /** Throws `wiring/no-such-process` for a name that is no process type of what runs, and no copy of one. */
  async requireProcess(wish: { app: string; environment: string; process: string }): Promise<void> {
    const { app, environment, process: wanted } = wish;
    const state = await environmentState(`${app}/${environment}`, this.system.store);
    const named = (state ? knownRevisions(state) : []).flatMap(({ processes, tasks, shared }) => [
      ...processes,
      ...shared,
      ...tasks,
    ]);
    const known = [...new Set(named.map(({ name }) => name))];
    const isCopy = /^(r\d+|shared)-/.test(wanted);
    if (known.length === 0 || known.includes(wanted) || wanted === 'release' || isCopy) return;
    throw new CodedError('wiring/no-such-process', `${app}/${environment} has no process "${wanted}"`, {
      notes: [`processes: ${known.map((name) => `"${name}"`).join(', ')}`],
      help: `name one of these: slipway logs ${environment} --process <name>`,
    });
  }

  rollout(id: string): Promise<RolloutView> {
    return requireRollout(id, this.system);
  }

  /** What happened in a rollout, for somebody who was not there. */
  async story(id: string): Promise<Story> {
    const { app, environment } = await this.rollout(id);
    const story = await tellRollout({ scope: `${app}/${environment}`, rollout: id }, this.system);
    if (!story) throw new Error(`${id} has no story`);
    return story;
  }

  rollback(wish: RollbackWish): Promise<AskedRollback> {
    return askRollback(wish, this.system);
  }

  /** Starts what serves anew beside itself, so that whatever was changed by hand is gone; returns the rollout's id. */
  repair(wish: { app: string; environment: string; actor: string }): Promise<string> {
    return askRepair(wish, this.system);
  }

  /** Removes what nothing needs any more. */
  collect(wish: { dryRun: boolean }): Promise<CollectionView> {
    return collectAll(wish, this.system);
  }

  /** Replaces a shared service by what the revision that serves says of it; it is away for a moment. */
  applyShared(wish: { app: string; environment: string; service: string; actor: string }): Promise<void> {
    return askReplacement(wish, this.system);
  }

  /** Says a person's word to the rollout under way; returns its id. */
  say(wish: WordWish): Promise<string> {
    return sayWord(wish, this.system.store);
  }

  /** What `abort` would end. */
  underWay(wish: Selection): Promise<GoingRollout[]> {
    return rolloutsUnderWay(wish, this.system.store);
  }

  abort(wish: Selection & { actor: string }): Promise<string[]> {
    return askAbort(wish, this.system.store);
  }

  /** What evaluates flags is loaded when somebody asks for them. */
  async flags(place: FlagPlace): Promise<FlagsView> {
    return (await import('./flags/answers.ts')).viewFlags(place, this.system);
  }

  /** Changes the flags of an environment; apps are answered by the change once this resolves. */
  async changeFlags(place: FlagPlace, change: AskedChange): Promise<FlagsChangeView> {
    return (await import('./flags/answers.ts')).askFlags(place, change, this.system);
  }

  /** Newest first. */
  async flagHistory(place: FlagPlace, limit: number): Promise<FlagVersionView[]> {
    return (await import('./flags/answers.ts')).flagHistory(place, limit, this.system);
  }

  /** Begins to raise the share of a variant, step by step, for as long as it does no harm. */
  async rampFlag(place: FlagPlace, asked: AskedRamp): Promise<RampView> {
    return (await import('./flags/ask-ramp.ts')).askRamp(place, asked, this.system);
  }

  /** The last ramp of each flag, those under way first. */
  async flagRamps(place: FlagPlace): Promise<RampView[]> {
    return (await import('./flags/view-ramps.ts')).viewRamps(place, this.system.store);
  }

  /** Takes a ramp back, or gives everybody the variant now. */
  async tellRamp(place: FlagPlace, told: RampWord): Promise<RampView> {
    return (await import('./flags/ask-ramp.ts')).tellRamp(place, told, this.system);
  }

  /** What a user gets of a flag, and why. */
  async explainFlag(place: FlagPlace, asked: { flag: string; context: FlagContext }): Promise<Explanation> {
    return (await import('./flags/answers.ts')).explainFor(place, asked, this.system);
  }

  /** Newest first. */
  history(wish: HistoryWish): Promise<HistoryEntry[]> {
    return pastRollouts(wish, this.system);
  }

  /** What tells of ramps is loaded where a flag was ever ramped. */
  private async rampsUnderWay(): Promise<RampView[]> {
    const flows = await rampFlows(this.system.store);
    return flows.length === 0 ? [] : (await import('./flags/view-ramps.ts')).rampsUnderWay(flows);
  }

  private async environment(state: EnvironmentState): Promise<EnvironmentView> {
    const { supervisor, machines, options, store } = this.system;
    const { scope } = state;
    const [processes, seen, records] = await Promise.all([
      supervisor.list(scope),
      seeMachines(state, machines),
      rolloutsOf(store, scope),
    ]);
    return viewEnvironment(state, { processes, machines: seen, listen: options.listen, records });
  }

  private async view(ship: ShipData): Promise<ShipView> {
    const runs = await this.runsOf(ship.id);
    const rollouts = await rolloutsOfShip(ship, runs, this.system);
    const making = this.system.making.get(ship.id) ?? null;
    return viewShip(ship, runs, { layout: this.system.layout, rollouts, making });
  }

  private async shipFlow(id: string): Promise<Flow> {
    const flow = await this.system.store.flows.get(id);
    if (flow?.kind === 'ship') return flow;
    throw new CodedError('wiring/no-such-ship', `there is no ship "${id}"`, {
      help: 'see what is under way: slipway status',
    });
  }
}
