import { exitAtOnce, Ending } from './ending.ts';
import { createNarrator, seconds, tint, type Narrator } from './narrator.ts';
import { helpText, parseOptions, type DemoOptions } from './options.ts';
import { createSlipway, slipwayCommand, type Slipway } from './slipway.ts';
import { freePort, furnish, npmCache, openStage, writeJson, type Stage } from './stage.ts';
import { play, type Outcome } from './story.ts';
import { rowForPrograms, tableLines, verdictLines } from './table.ts';
import { startTraffic } from './traffic.ts';

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
  const outcome = await play({
    stage,
    slipway,
    narrator,
    signal,
    serverPid: health.pid,
    openDoors: (hosts, phase) => {
      const traffic = startTraffic({ port: portOf(health.listen), hosts, phase });
      ending.traffic = traffic;
      return traffic;
    },
  });
  narrator.say();
  for (const line of [...tableLines(outcome), '', ...verdictLines(outcome)]) narrator.say(line);
  narrator.say();
  narrator.say(`The whole demo took ${seconds(Date.now() - beganAtMs)}.`);
  if (options.jsonFile !== null) writeJson(options.jsonFile, forPrograms(outcome, Date.now() - beganAtMs));
  signal.throwIfAborted();
  if (options.keep) {
    ending.keep = true;
    for (const line of howToGoOn(stage, health.listen)) narrator.say(line);
  }
  return outcome.promises.every(({ kept }) => kept) ? codes.done : codes.failed;
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
      if (attempt === attempts) throw error;
    }
  }
}

function portOf(listen: string): number {
  return Number(listen.slice(listen.lastIndexOf(':') + 1));
}

function howToGoOn(stage: Stage, listen: string): string[] {
  return [
    '',
    'Everything goes on running.',
    `  the app   http://medianest.localhost:${portOf(listen)}/`,
    `  first     alias slipway=${slipwayCommand}; export SLIPWAY_HOME=${stage.home}`,
    '  look      slipway status --watch',
    `  go on     cd ${stage.repository}, commit something, slipway ship`,
    `  stop      slipway down --all && rm -rf ${stage.folder}`,
  ];
}

function forPrograms(outcome: Outcome, tookMs: number) {
  const { acts, totals, answersByRevision, promises } = outcome;
  return {
    kept: promises.every(({ kept }) => kept),
    tookSeconds: tookMs / 1000,
    acts: acts.map(rowForPrograms),
    traffic: { ...totals, answersByRevision },
    promises,
  };
}
