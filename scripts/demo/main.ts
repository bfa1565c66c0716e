import { join } from 'node:path';
import type { StatusView } from '../../src/wiring/index.ts';
import type { Outcome } from './act.ts';
import { baseImagesOf, fetchImages, findEngine, type Belongings, type Lack } from './docker-engine.ts';
import { playOnDocker } from './docker-story.ts';
import { exitAtOnce, Ending } from './ending.ts';
import type { LoadPlan } from './load-totals.ts';
import { createNarrator, listed, seconds, tint, type Narrator } from './narrator.ts';
import { helpText, parseOptions, type DemoOptions, type Part } from './options.ts';
import { createSlipway, slipwayCommand, type Slipway } from './slipway.ts';
import { freePort, furnish, npmCache, openStage, writeJson, type Stage } from './stage.ts';
import { play } from './story.ts';
import { rowForPrograms, tableLines, verdictLines, type Played } from './table.ts';
import { startTraffic, type Traffic } from './traffic.ts';

/** Ports tried, should somebody else be faster. */
const attempts = 3;
const codes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

process.exitCode = await main();

async function main(): Promise<number> {
  let options: DemoOptions;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${helpText}`);
    return codes.usage;
  }
  if (options.help) {
    process.stdout.write(helpText);
    return codes.done;
  }
  const narrator = createNarrator();
  const leaving = new AbortController();
  const ending = new Ending();
  listen(leaving, ending, narrator);
  try {
    return await perform({ options, narrator, signal: leaving.signal, ending });
  } catch (error) {
    if (leaving.signal.aborted) return codes.interrupted;
    narrator.say(`\n${tint('red', '✗')} ${error instanceof Error ? error.message : String(error)}`);
    return codes.failed;
  } finally {
    for (const line of await ending.run()) narrator.say(line);
  }
}

/** The first Ctrl-C ends everything in order, the second one at once. */
function listen(leaving: AbortController, ending: Ending, narrator: Narrator): void {
  const onSignal = () => {
    if (leaving.signal.aborted) exitAtOnce(ending, codes.interrupted);
    narrator.say('\nstops everything and cleans up (once more: at once)');
    leaving.abort(new Error('interrupted'));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  // Nobody reads any more, as after `| head`.
  process.stdout.on('error', () => leaving.abort(new Error('interrupted')));
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${error.stack ?? error.message}\n`);
    exitAtOnce(ending, codes.failed);
  });
}

interface Performance {
  options: DemoOptions;
  narrator: Narrator;
  signal: AbortSignal;
  ending: Ending;
}

async function perform({ options, narrator, signal, ending }: Performance): Promise<number> {
  const beganAtMs = Date.now();
  const stage = openStage();
  ending.stage = stage;
  await furnish(stage);
  const slipway = createSlipway({ cwd: stage.repository, env: stage.env, signal });
  ending.slipway = slipway;
  signal.throwIfAborted();
  const health = await up(slipway);
  narrator.say(`Slipway runs in ${stage.folder}, users come in at http://${health.listen}`);
  const openDoors = (hosts: LoadPlan['hosts'], phase: string) => {
    const traffic = startTraffic({ port: portOf(health.listen), hosts, phase });
    ending.traffic = traffic;
    return traffic;
  };
  const parts: { [P in Part]: () => Promise<Outcome | null> } = {
    processes: () => play({ stage, slipway, narrator, signal, serverPid: health.pid, openDoors }),
    docker: () =>
      onDocker({
        stage,
        narrator,
        signal,
        ending,
        openDoors,
        port: portOf(health.listen),
        keep: options.keep,
      }),
  };
  const played: Played[] = [];
  for (const part of options.parts) {
    const outcome = await parts[part]();
    if (outcome) played.push({ part, outcome });
  }
  if (played.length > 0) tell(narrator, played);
  narrator.say(`The whole demo took ${seconds(Date.now() - beganAtMs)}.`);
  if (options.jsonFile !== null) writeJson(options.jsonFile, forPrograms(played, Date.now() - beganAtMs));
  signal.throwIfAborted();
  if (options.keep) {
    ending.keep = true;
    for (const line of howToGoOn(stage, health.listen, ending.belongings)) narrator.say(line);
  }
  // Whoever asks for the act on Docker alone wants to know when there was none.
  return played.length > 0 && isKept(played) ? codes.done : codes.failed;
}

function tell(narrator: Narrator, played: readonly Played[]): void {
  narrator.say();
  for (const line of tableLines(played)) narrator.say(line);
  for (const one of played) {
    if (played.length > 1) narrator.heading(one.part === 'docker' ? 'On Docker' : 'As processes');
    else narrator.say();
    for (const line of verdictLines(one)) narrator.say(line);
  }
  narrator.say();
}

interface OnDocker {
  stage: Stage;
  narrator: Narrator;
  signal: AbortSignal;
  ending: Ending;
  openDoors(hosts: LoadPlan['hosts'], phase: string): Traffic;
  port: number;
  keep: boolean;
}

/** Plays the act on Docker where there is an engine that has or gets the images; else says in one line why not. */
async function onDocker(given: OnDocker): Promise<Outcome | null> {
  const {
    stage: { folder, ...rest },
    narrator,
    signal,
    ending,
    port,
  } = given;
  const leaveOut = ({ because, todo }: Lack) => {
    const how = `${todo} && npm run demo -- --only docker`;
    narrator.say(`\n${tint('yellow', 'Left out: the act on Docker')}, because ${because}. To see it: ${how}`);
    return null;
  };
  const found = await findEngine();
  if (found.engine === null) return leaveOut(found.lack);
  const { engine } = found;
  const stage = { ...rest, folder, repository: join(folder, 'medianest-on-docker') };
  await furnish(stage);
  const lacking = await fetchImages(engine, baseImagesOf(stage.repository), {
    signal,
    onMissing: (names) => narrator.say(`\nFetches ${listed(names)}, once.`),
  });
  if (lacking !== null) return leaveOut(lacking);
  const belongings = { engine, app: `medianest-${folder.slice(-6).toLowerCase()}` };
  ending.belongings = belongings;
  const slipway = createSlipway({ cwd: stage.repository, env: stage.env, signal });
  const openDoors = (production: string, phase: string) => given.openDoors({ production }, phase);
  const clearAway = !given.keep;
  return playOnDocker({ stage, slipway, narrator, signal, belongings, port, openDoors, clearAway });
}

/** A port that was free may be taken by the time the server asks for it: then another one. */
async function up(slipway: Slipway): Promise<{ listen: string; pid: number }> {
  const cache = await npmCache();
  const jobEnv = cache === null ? [] : ['--job-env', `npm_config_cache=${cache}`];
  for (let attempt = 1; ; attempt++) {
    const args = ['up', '--http', `127.0.0.1:${await freePort()}`, ...jobEnv];
    try {
      return await slipway.demand<{ listen: string; pid: number }>(args, true);
    } catch (error) {
      // On a busy machine it may have come up after the command had lost its patience.
      const { last } = await slipway.call<StatusView>({ args: ['status'], toTheEnd: true });
      if (last?.server) return last.server;
      if (attempt === attempts) throw error;
    }
  }
}

function portOf(listen: string): number {
  return Number(listen.slice(listen.lastIndexOf(':') + 1));
}

function howToGoOn(stage: Stage, listen: string, belongings: Belongings | null): string[] {
  const { port, home } = { port: portOf(listen), home: stage.home };
  const docker = belongings === null ? [] : [`  on Docker http://${belongings.app}.localhost:${port}/`];
  const alsoStop =
    belongings === null
      ? []
      : [
          `            docker volume rm $(docker volume ls -q --filter label=slipway.scope=${belongings.app}/production)`,
          `            docker image rm $(docker image ls -q slipway/${belongings.app})`,
        ];
  return [
    '',
    'Everything goes on running.',
    `  the app   http://medianest.localhost:${port}/`,
    ...docker,
    `  first     alias slipway=${slipwayCommand}; export SLIPWAY_HOME=${home}`,
    '  look      slipway status --watch',
    `  go on     cd ${stage.repository}, commit something, slipway ship`,
    `  stop      slipway down --all && rm -rf ${stage.folder}`,
    ...alsoStop,
  ];
}

function isKept(played: readonly Played[]): boolean {
  return played.every(({ outcome }) => outcome.promises.every(({ kept }) => kept));
}

function forPrograms(played: readonly Played[], tookMs: number) {
  const of = (wanted: Part) => {
    const outcome = played.find(({ part }) => part === wanted)?.outcome;
    if (!outcome) return null;
    const { acts, totals, answersByRevision, promises } = outcome;
    return { acts: acts.map(rowForPrograms), traffic: { ...totals, answersByRevision }, promises };
  };
  return {
    kept: isKept(played),
    tookSeconds: tookMs / 1000,
    processes: of('processes'),
    docker: of('docker'),
  };
}
