import { randomBytes } from 'node:crypto';
import type { RolloutView, StatusView } from '../../src/wiring/index.ts';
import type { Act, Outcome } from './act.ts';
import { leftoversOf, sweepEngine, type Belongings } from './docker-engine.ts';
import { phaseOf, type Stack } from './docker-evidence.ts';
import { judgeDocker } from './docker-judge.ts';
import { ask } from './load-client.ts';
import { moveScene, shipScene, type Props as SceneProps, type Watcher } from './scene.ts';
import type { Change } from './stage.ts';
import type { Interval } from './timing.ts';
import type { Traffic } from './traffic.ts';

/** What the act on Docker is played with. */
export interface DockerProps extends SceneProps {
  belongings: Belongings;
  port: number;
  /** Begins the traffic; called once. */
  openDoors(host: string, phase: string): Traffic;
  /** Everything that Slipway runs ends before the engine is swept; false keeps it running. */
  clearAway: boolean;
}

interface Scene {
  name: string;
  change: Change;
  about: string[];
}

const signingKey = () => randomBytes(24).toString('base64url');

/** Plays the act on Docker. @throws what the commands said when it cannot go on. */
export async function playOnDocker(props: DockerProps): Promise<Outcome> {
  const { narrator, slipway, belongings } = props;
  const { app } = belongings;
  const acts: Act[] = [];
  const commits: Record<string, string> = {};
  let traffic: Traffic | null = null;
  let canary = new Canary('', null);

  const scene = async ({ name, change, about }: Scene) => {
    narrator.heading(`${name} on Docker  ${change.message}`);
    for (const line of about) narrator.say(`           ${line}`);
    traffic?.enter(name);
    canary = new Canary(name, traffic);
    const act = await shipScene(props, traffic, { name, change, watcher: canary });
    commits[name] = act.commit;
    acts.push(act);
  };
  const setSecret = async (name: string, value: string) => {
    const args = ['secrets', 'set', name, '--app', app, '--environment', 'production'];
    const { exitCode, stderr } = await slipway.call({ args, input: value });
    if (exitCode !== 0) throw new Error(`slipway ${args.join(' ')} ended with ${exitCode}\n${stderr}`);
  };

  await setSecret('POSTGRES_PASSWORD', signingKey());
  await setSecret('SIGNING_KEY', signingKey());
  await scene({
    name: 'v1',
    change: {
      folders: ['docker'],
      over: null,
      message: 'A media library with search and posters',
      edits: [{ file: 'slipway.yml', from: 'name: medianest', to: `name: ${app}` }],
    },
    about: [
      'The same app by its compose.yml: web, worker and a migration, with PostgreSQL and Redis.',
      'slipway.yml asks for a canary: 10, 30, 50, then 100 % of users.',
    ],
  });
  const { host, url } = await addressOf(props);
  const look = () => stackOf(props, host);
  const before = await look();
  const first = await sharedOf(belongings);
  traffic = props.openDoors(host, 'v2');
  narrator.say();
  narrator.say(`           The app is live at ${url}`);
  narrator.say('           From now on about 70 requests a second; only a bad version itself may fail one.');

  await setSecret('SIGNING_KEY', signingKey());
  await scene({
    name: 'v2',
    change: {
      folders: ['v2-ratings'],
      over: null,
      message: 'Let users rate items with stars',
      edits: [
        { file: 'slipway.yml', from: 'LIBRARY_NAME: MediaNest', to: 'LIBRARY_NAME: Stars of MediaNest' },
      ],
    },
    about: ['A good version: other code, a new table, another LIBRARY_NAME, a new SIGNING_KEY.'],
  });
  const { shares } = canary;
  const between = await look();
  await scene({
    name: 'v5',
    change: {
      folders: ['v5-search-by-collation'],
      over: commits['v2'] ?? null,
      message: 'Let the database ignore case in searches',
    },
    about: ['A bad one: its tests pass on SQLite and it gets ready, but PostgreSQL refuses every search.'],
  });

  narrator.heading('back to v1 on Docker');
  traffic.enter('back to v1');
  const why = (revision: string) => `${revision} serves again, with its image, its settings and its secrets`;
  const wanted = commits['v1'] ?? '';
  acts.push(await moveScene(props, { name: 'back to v1', args: ['--to', wanted], commit: wanted, why }));
  const after = await look();
  narrator.say(`           then  ${textOf(between)}`);
  narrator.say(`           now   ${textOf(after)}`);

  await scene({
    name: 'v6',
    change: {
      folders: ['v6-poster-drawings'],
      over: commits['v2'] ?? null,
      message: 'Move drawings into a table of their own',
    },
    about: [
      'Its migration drops a column that v1, which serves, still reads. Slipway cannot undo what a migration does',
      'to data, but it asks v1 again before anybody is moved.',
    ],
  });
  const last = await sharedOf(belongings);

  const totals = await traffic.stop();
  const leftovers = props.clearAway ? await clearAway(props) : null;
  const evidence = {
    acts,
    commits,
    shares,
    stacks: { before, between, after },
    shared: { first, last },
    leftovers,
  };
  return { acts, totals, ...judgeDocker(evidence, totals) };
}

/** Notes the shares of traffic that a version is held at, and books the requests of each apart. */
class Canary implements Watcher {
  over: Promise<void> = Promise.resolve();
  waits: Interval[] = [];
  shares: number[] = [];
  readonly #name: string;
  readonly #traffic: Traffic | null;
  #heldSinceMs = 0;

  constructor(name: string, traffic: Traffic | null) {
    this.#name = name;
    this.#traffic = traffic;
  }

  look(rollouts: readonly RolloutView[]): void {
    const [rollout] = rollouts;
    if (!rollout) return;
    const share = rollout.liveAtMs === null ? rollout.weightPercent : 100;
    const isHeld = rollout.state === 'holding';
    const isNew = !this.shares.includes(share);
    if (this.#heldSinceMs > 0 && (!isHeld || isNew)) {
      this.waits.push([this.#heldSinceMs, Date.now()]);
      this.#heldSinceMs = 0;
    }
    if (!isNew || !(isHeld || share === 100)) return;
    this.shares.push(share);
    if (isHeld) this.#heldSinceMs = Date.now();
    this.#traffic?.enter(phaseOf(this.#name, share));
  }
}

async function addressOf({ slipway, belongings }: DockerProps): Promise<{ host: string; url: string }> {
  const url = (await environmentOf({ slipway, belongings })).urls[0];
  if (url === undefined) throw new Error('production has no address after v1');
  return { url, host: new URL(url).host };
}

async function environmentOf({ slipway, belongings }: Pick<DockerProps, 'slipway' | 'belongings'>) {
  const { environments } = await slipway.demand<StatusView>(['status']);
  const found = environments.find(({ app }) => app === belongings.app);
  if (!found) throw new Error(`slipway status does not know ${belongings.app}`);
  return found;
}

async function stackOf(props: DockerProps, host: string): Promise<Stack> {
  const { engine, app } = props.belongings;
  const { serving } = await environmentOf(props);
  const web = serving?.instances.find(({ process }) => process === 'web');
  const image = await engine.docker([
    'inspect',
    '--format',
    '{{.Image}}',
    `slipway-${app}-production-${web?.id}`,
  ]);
  const { body, headers } = await ask({ port: props.port, host, path: '/version' });
  const { version, library } = JSON.parse(body) as { version: string; library: string };
  const [keyId = 'none'] = String(headers['x-medianest-signature']).split('=');
  return { version, library, keyId, image };
}

function textOf({ version, image, library, keyId }: Stack): string {
  const short = image.replace('sha256:', '').slice(0, 12);
  return `version ${version}, image ${short}, LIBRARY_NAME "${library}", SIGNING_KEY ${keyId}`;
}

/** Which containers the shared services run in, since when, and how often they began anew. */
async function sharedOf({ engine, app }: Belongings): Promise<string> {
  const names = ['database', 'cache'].map((name) => `slipway-${app}-production-shared-${name}-1`);
  return engine.docker(['inspect', '--format', '{{.Id}} {{.State.StartedAt}} {{.RestartCount}}', ...names]);
}

/** Ends everything and leaves the engine as it was; images that were fetched stay. @returns What is left all the same. */
async function clearAway({ slipway, belongings }: DockerProps): Promise<string[]> {
  await slipway.demand(['down', '--all'], true);
  sweepEngine(belongings);
  return leftoversOf(belongings);
}
