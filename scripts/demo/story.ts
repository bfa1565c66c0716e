import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import type { LogLine, RolloutView, ShipView, StatusView } from '../../src/wiring/index.ts';
import type { Act } from './act.ts';
import { judge, type Promised } from './judge.ts';
import { sumOf, type LoadTotals } from './load-totals.ts';
import { listed, seconds, shortOf, type Narrator } from './narrator.ts';
import { createTeller, glimpse, type Teller } from './shipping.ts';
import type { Slipway } from './slipway.ts';
import { commit, settingsOf, type Stage } from './stage.ts';
import { durationMs, splitOf, waitsOf, type ConfiguredWaits, type Interval } from './timing.ts';
import type { Traffic } from './traffic.ts';

export interface Outcome {
  acts: Act[];
  totals: LoadTotals;
  /** `v1 on production` → answers. */
  answersByRevision: Record<string, number>;
  promises: Promised[];
}

/** Everything the play needs; main.ts provides it and takes it away again. */
export interface Props {
  stage: Stage;
  slipway: Slipway;
  narrator: Narrator;
  /** The server's process, as "slipway up" told it. */
  serverPid: number;
  /** Begins the traffic; called once. */
  openDoors(hosts: { production: string; staging: string }, phase: string): Traffic;
  signal: AbortSignal;
}

interface Scene {
  name: string;
  change: { folder: string | null; message: string; over: string | null };
  /** Said before it begins. */
  about: string;
  killServer: boolean;
}

const withoutServerMs = 1000;

/** Plays the whole demo. @throws what the commands said when the play cannot go on. */
export async function play(props: Props): Promise<Outcome> {
  const { narrator, slipway } = props;
  const acts: Act[] = [];
  const commits: Record<string, string> = {};
  let traffic: Traffic | null = null;

  const scene = async (what: Scene) => {
    narrator.heading(`${what.name}  ${what.change.message}`);
    narrator.say(`           ${what.about}`);
    traffic?.enter(what.name);
    const act = await shipScene(props, traffic, what);
    commits[what.name] = act.commit;
    acts.push(act);
  };

  await scene({
    name: 'v1',
    change: { folder: null, over: null, message: 'A media library with search and posters' },
    about: 'The first commit; there is nothing yet that it could break.',
    killServer: false,
  });
  const hosts = await hostsOf(slipway);
  traffic = props.openDoors(hosts, 'v2');
  narrator.say();
  narrator.say(`           The app is live at ${hosts.urls.production}`);
  narrator.say(
    '           From now on about 70 requests a second, on kept and fresh connections, none may fail.',
  );

  await scene({
    name: 'v2',
    change: { folder: 'v2-ratings', over: null, message: 'Let users rate items with stars' },
    about: 'A visible change and a migration. While it goes live the server is killed.',
    killServer: true,
  });
  await scene({
    name: 'v3',
    change: {
      folder: 'v3-never-ready',
      over: null,
      message: 'Ask for the shared poster store before taking traffic',
    },
    about: 'Passes every check, and is never ready where it runs: a setting is missing there.',
    killServer: false,
  });
  await scene({
    name: 'v4',
    change: { folder: 'v4-failing-test', over: commits.v2 ?? null, message: "Simplify the search's SQL" },
    about: 'Has a mistake that a test finds.',
    killServer: false,
  });
  narrator.heading('back to v1');
  acts.push(await moveScene(props, traffic, { name: 'back to v1', args: [], commit: commits.v1! }));
  narrator.heading('forward to v2');
  const forward = { name: 'forward to v2', args: ['--to', commits.v2!], commit: commits.v2! };
  acts.push(await moveScene(props, traffic, forward));

  const totals = await traffic.stop();
  for (const act of acts) act.requests = totals.phases[act.name] ?? null;
  return { acts, totals, ...(await judge({ slipway, acts, totals, commits })) };
}

async function shipScene(props: Props, traffic: Traffic | null, scene: Scene): Promise<Act> {
  const { stage, slipway, narrator } = props;
  await commit(stage, scene.change);
  const committedAtMs = Date.now();
  const teller = createTeller(narrator, committedAtMs);
  const killing = new Killing(props, traffic);
  let latest: ShipView | null = null;
  const picture = setInterval(() => {
    narrator.now(`  ${seconds(Date.now() - committedAtMs)}  ${glimpse(latest)}${servedText(traffic)}`);
  }, 200);
  try {
    const { last, stderr, exitCode } = await slipway.call<ShipView>({
      args: ['ship'],
      onView: (view) => {
        latest = view;
        teller.ship(view);
        if (scene.killServer) killing.look(view.rollouts);
      },
    });
    await killing.over;
    if (last?.state === undefined || last.state === 'running')
      throw new Error(`slipway ship ended with ${exitCode}\n${stderr}${JSON.stringify(last)}`);

    const act = shipAct(scene.name, last, {
      committedAtMs,
      teller,
      downtime: killing.downtime,
      waits: waitsIn(stage),
    });
    const tests = await failedTests(slipway, last);
    return tests.length === 0
      ? act
      : { ...act, why: `${listed(tests)} failed, so nothing was deployed anywhere` };
  } finally {
    clearInterval(picture);
    await killing.over.catch(() => {});
  }
}

/** Kills the server in the middle of a rollout to production, once, and starts it again. */
class Killing {
  begun = false;
  over: Promise<void> = Promise.resolve();
  downtime: Interval[] = [];
  readonly #props: Props;
  readonly #traffic: Traffic | null;

  constructor(props: Props, traffic: Traffic | null) {
    this.#props = props;
    this.#traffic = traffic;
  }

  look(rollouts: readonly RolloutView[]): void {
    const under = rollouts.find(
      ({ environment, finishedAtMs, state }) =>
        environment === 'production' && finishedAtMs === null && !['queued', 'migrating'].includes(state),
    );
    if (!under || this.begun) return;
    this.begun = true;
    this.over = this.#kill(under.state);
    // Waited for by the scene; until then nobody may take it for unhandled.
    this.over.catch(() => {});
  }

  async #kill(state: string): Promise<void> {
    const { slipway, narrator, signal, serverPid } = this.#props;
    const fromMs = Date.now();
    process.kill(serverPid, 'SIGKILL');
    narrator.say(
      `           kill -9 ${serverPid}, the server, while the rollout is ${state}; router and app go on`,
    );
    const before = this.#answered();
    await sleep(withoutServerMs, undefined, { signal });
    const back = await slipway.demand<{ pid: number }>(['up'], true);
    const toMs = Date.now();
    this.downtime = [[fromMs, toMs]];
    narrator.say(
      `           slipway up: process ${back.pid} goes on where it stood; ${this.#answered() - before} requests` +
        ` were answered in the ${seconds(toMs - fromMs)} between`,
    );
  }

  #answered(): number {
    return this.#traffic === null ? 0 : sumOf(this.#traffic.totals()).answered;
  }
}

interface Timing {
  committedAtMs: number;
  teller: Teller;
  downtime: Interval[];
  waits: Record<string, ConfiguredWaits>;
}

function shipAct(name: string, ship: ShipView, { committedAtMs, teller, downtime, waits }: Timing): Act {
  const production = ship.rollouts.find(({ environment }) => environment === 'production');
  const live = ship.state === 'succeeded' && production?.liveAtMs !== null && production !== undefined;
  const endedAtMs = (live ? production.liveAtMs : null) ?? ship.finishedAtMs ?? Date.now();
  const waited = ship.rollouts.flatMap((rollout) => {
    const startingAtMs = teller.statesOf(rollout.id).find(([state]) => state === 'starting')?.[1] ?? null;
    return waitsOf(rollout, startingAtMs, waits[rollout.environment] ?? { bakeMs: 0, healthDeadlineMs: 0 });
  });
  return {
    name,
    commit: ship.commit,
    ...ending(ship, live),
    live,
    split: splitOf({ ship, committedAtMs, endedAtMs, waits: [...waited, ...downtime] }),
    stateMs: Object.assign({}, ...ship.rollouts.map((rollout) => stateMsOf(rollout, teller))) as Record<
      string,
      number
    >,
    requests: null,
  };
}

function ending(ship: ShipView, live: boolean): { became: string; why: string } {
  const stopped = ship.rollouts.find(({ state }) => state === 'failed');
  const jobs = ship.runs.flatMap((run) => run.jobs);
  const failedJobs = jobs.filter(({ state, environment }) => state === 'failure' && environment === null);
  const passed = jobs.filter(({ state, environment }) => state === 'success' && environment === null);
  if (live) {
    const revision = ship.rollouts.find(({ environment }) => environment === 'production')?.revision ?? '';
    const confirmed = ship.rollouts.map(({ environment }) => environment);
    return {
      became: 'live',
      why: `${passed.length} jobs passed; ${listed(confirmed)} serve it as ${revision}`,
    };
  }
  if (failedJobs.length > 0) {
    const names = listed(failedJobs.map(({ name }) => `"${name}"`));
    return { became: 'stopped by a job', why: `job ${names} failed, so nothing was deployed anywhere` };
  }
  if (stopped) return { became: `stopped in ${stopped.environment}`, why: stopped.detail };
  return { became: ship.state, why: ship.reason ?? 'no reason was given' };
}

/** Which tests failed, from the logs of the jobs that did: Node's reporter names them under one heading. */
async function failedTests(slipway: Slipway, ship: ShipView): Promise<string[]> {
  const jobs = ship.runs
    .flatMap((run) => run.jobs)
    .filter(({ state, environment }) => state === 'failure' && environment === null);
  const names = new Set<string>();
  for (const { key } of jobs) {
    let under = false;
    const onView = ({ text }: LogLine) => {
      under ||= text.includes('failing tests:');
      const name = under ? /^\s*✖ (.+?) \([\d.]+ms\)$/.exec(text)?.[1] : undefined;
      if (name !== undefined) names.add(`test "${name}"`);
    };
    await slipway.call<LogLine>({ args: ['logs', ship.id, '--job', key], onView });
  }
  return [...names];
}

function stateMsOf(rollout: RolloutView, teller: Teller): Record<string, number> {
  const states = teller.statesOf(rollout.id);
  const lasted = states.slice(0, -1).map(([state, atMs], index) => {
    const nextMs = states[index + 1]?.[1] ?? atMs;
    return [`${rollout.environment} ${state}`, nextMs - atMs] as const;
  });
  return Object.fromEntries(lasted);
}

/** `slipway rollback` to the revision that stands by, which is one change of the router. */
async function moveScene(
  { slipway, narrator }: Props,
  traffic: Traffic,
  { name, args, commit }: { name: string; args: string[]; commit: string },
): Promise<Act> {
  traffic.enter(name);
  const askedAtMs = Date.now();
  const teller = createTeller(narrator, askedAtMs);
  narrator.say(`           slipway rollback production ${args.map(shortOf).join(' ')}`.trimEnd());
  const { last, stderr } = await slipway.call<RolloutView>({
    args: ['rollback', 'production', ...args],
    onView: (view) => teller.rollout(view),
  });
  if (last === null || last.state === undefined) return refusedMove(name, commit, stderr);
  const totalMs = (last.liveAtMs ?? last.finishedAtMs ?? Date.now()) - askedAtMs;
  return {
    name,
    commit: last.commit,
    became: last.state === 'succeeded' && last.commit === commit ? 'live' : last.state,
    why:
      last.state === 'succeeded'
        ? `${last.revision} was still standing by: nothing was built, started or migrated`
        : last.detail,
    live: last.state === 'succeeded',
    split: { totalMs, pipelineMs: 0, waitedMs: 0, slipwayMs: totalMs },
    stateMs: stateMsOf(last, teller),
    requests: null,
  };
}

/** A way back that Slipway would not go, so that the table still tells everything before it. */
function refusedMove(name: string, commit: string, stderr: string): Act {
  const split = { totalMs: 0, pipelineMs: 0, waitedMs: 0, slipwayMs: 0 };
  const why = stderr.trim().split('\n')[0] ?? '';
  return { name, commit, became: 'refused', why, live: false, split, stateMs: {}, requests: null };
}

/** By which names the router knows the environments. */
async function hostsOf(slipway: Slipway) {
  const { environments } = await slipway.demand<StatusView>(['status']);
  const urlOf = (name: string) => {
    const url = environments.find(({ environment }) => environment === name)?.urls[0];
    if (url === undefined) throw new Error(`${name} has no address after v1`);
    return url;
  };
  const urls = { production: urlOf('production'), staging: urlOf('staging') };
  return { urls, production: new URL(urls.production).host, staging: new URL(urls.staging).host };
}

function waitsIn(stage: Stage): Record<string, ConfiguredWaits> {
  const { environments } = parse(settingsOf(stage)) as {
    environments: Record<string, { bake?: string; health?: { deadline?: string } }>;
  };
  return Object.fromEntries(
    Object.entries(environments).map(([name, { bake, health }]) => [
      name,
      { bakeMs: durationMs(bake ?? '0s'), healthDeadlineMs: durationMs(health?.deadline ?? '0s') },
    ]),
  );
}

function servedText(traffic: Traffic | null): string {
  if (traffic === null) return '';
  const { answered, failed } = sumOf(traffic.totals());
  return ` · ${answered} requests served, ${failed} failed`;
}
