import { setTimeout as sleep } from 'node:timers/promises';
import type { RolloutView, StatusView } from '../../src/wiring/index.ts';
import type { Act, Outcome } from './act.ts';
import { judge } from './judge.ts';
import { sumOf } from './load-totals.ts';
import { seconds } from './narrator.ts';
import { moveScene, shipScene, type Props as SceneProps, type Watcher } from './scene.ts';
import type { Slipway } from './slipway.ts';
import type { Change } from './stage.ts';
import type { Interval } from './timing.ts';
import type { Traffic } from './traffic.ts';

/** Everything the play needs; main.ts provides it and takes it away again. */
export interface Props extends SceneProps {
  /** The server's process, as "slipway up" told it. */
  serverPid: number;
  /** Begins the traffic; called once. */
  openDoors(hosts: { production: string; staging: string }, phase: string): Traffic;
}

interface Scene {
  name: string;
  change: Change;
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
    const watcher = what.killServer ? new Killing(props, traffic) : null;
    const act = await shipScene(props, traffic, { ...what, watcher });
    commits[what.name] = act.commit;
    acts.push(act);
  };

  await scene({
    name: 'v1',
    change: { folders: [], over: null, message: 'A media library with search and posters' },
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
    change: { folders: ['v2-ratings'], over: null, message: 'Let users rate items with stars' },
    about: 'A visible change and a migration. While it goes live the server is killed.',
    killServer: true,
  });
  await scene({
    name: 'v3',
    change: {
      folders: ['v3-never-ready'],
      over: null,
      message: 'Ask for the shared poster store before taking traffic',
    },
    about: 'Passes every check, and is never ready where it runs: a setting is missing there.',
    killServer: false,
  });
  await scene({
    name: 'v4',
    change: { folders: ['v4-failing-test'], over: commits.v2 ?? null, message: "Simplify the search's SQL" },
    about: 'Has a mistake that a test finds.',
    killServer: false,
  });
  const moves = [
    { name: 'back to v1', args: [], commit: commits.v1! },
    { name: 'forward to v2', args: ['--to', commits.v2!], commit: commits.v2! },
  ];
  for (const move of moves) {
    narrator.heading(move.name);
    traffic.enter(move.name);
    const why = (revision: string) =>
      `${revision} was still standing by: nothing was built, started or migrated`;
    acts.push(await moveScene(props, { ...move, why }));
  }

  const totals = await traffic.stop();
  for (const act of acts) act.requests = totals.phases[act.name] ?? null;
  return { acts, totals, ...(await judge({ slipway, acts, totals, commits })) };
}

/** Kills the server in the middle of a rollout to production, once, and starts it again. */
class Killing implements Watcher {
  begun = false;
  over: Promise<void> = Promise.resolve();
  waits: Interval[] = [];
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
    this.waits = [[fromMs, toMs]];
    narrator.say(
      `           slipway up: process ${back.pid} goes on where it stood; ${this.#answered() - before} requests` +
        ` were answered in the ${seconds(toMs - fromMs)} between`,
    );
  }

  #answered(): number {
    return this.#traffic === null ? 0 : sumOf(this.#traffic.totals()).answered;
  }
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
