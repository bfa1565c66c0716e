import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  dockerInstall,
  lacksDocker,
  loadImages,
  startDockerd,
  type Dockerd,
} from '../../test/docker/index.ts';
import { buildVersions } from './app.ts';
import { answersAs } from './commands.ts';
import { composeUp, lacksCompose } from './compose.ts';
import type { Contender } from './contender.ts';
import { watchMemory } from './memory.ts';
import { printReport, type Update } from './report.ts';
import { rolloutScript } from './rollout-script.ts';
import { slipwayShip } from './slipway.ts';
import { startOfAppMs } from './own-start.ts';
import { swarmUpdate } from './swarm.ts';
import { sendUsers } from './users.ts';

/*
 * One app, updated in turn by `docker compose up -d`, a docker-rollout style script, Swarm and Slipway, on one real
 * engine, with users all the while: time, failed requests, memory. Images are made beforehand for all alike.
 *
 *   node bench/updates/main.ts [--rounds 5] [--only slipway] [--json]
 *
 * Fails when a request to Slipway failed, or an update did; never for time.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
/** Users come before an update and stay after it, so that what is late to break shows, and what is late to answer. */
const beforeMs = 500;
const afterMs = 1_500;

async function contendersOn(engine: Dockerd, folder: string, missing: string[]): Promise<Contender[]> {
  const own = (name: string) => {
    const path = join(folder, name);
    mkdirSync(path);
    return path;
  };
  const lacks = lacksCompose();
  if (lacks !== null) missing.push(`the three peers: ${lacks}`);
  const { url } = engine;
  const all = [
    ...(lacks === null
      ? [
          await composeUp(own('compose'), url),
          await rolloutScript(own('script'), url),
          await swarmUpdate(own('swarm'), url),
        ]
      : []),
    await slipwayShip(own('blue-green'), url, { strategy: 'blue-green', router: 'embedded' }),
    await slipwayShip(own('rolling'), url, { strategy: 'rolling', router: 'embedded' }),
  ];
  return all.filter(({ name }) => name.includes(values.only));
}

async function updateOnce(engine: Dockerd, contender: Contender, version: number): Promise<Update> {
  const users = await sendUsers(contender.port);
  const memory = watchMemory(contender);
  try {
    // With the same users on the same machine, which leave a start less of it than it would have alone.
    const ownStartMs = await startOfAppMs(engine, version);
    await sleep(beforeMs);
    const startedMs = Date.now();
    const rolloutMs = await contender.update(version);
    const tookMs = Date.now() - startedMs;
    // Later than the end of the command, where the router before the app has given its copies up for a while.
    await answersAs(contender.port, version);
    await sleep(afterMs);
    const seen = await users.stop();
    const old = seen.answers[String(version - 1)];
    if (!seen.answers[String(version)]) throw new Error(`nobody was answered by version ${version}`);
    return {
      ownStartMs,
      tookMs,
      rolloutMs: rolloutMs ?? tookMs,
      lastOldMs: (old?.lastAtMs ?? startedMs) - startedMs,
      seen,
      memory: memory.stop(),
    };
  } finally {
    memory.stop();
    await users.stop();
  }
}

/** A peer that cannot do it here is told, and the rest goes on; Slipway must. */
async function unlessPeerFails<T>({ name }: Contender, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (name.startsWith('slipway')) throw error;
    missing.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

const missing: string[] = [];
if (lacksDocker()) {
  console.log(`not measured: ${dockerInstall}`);
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), 'sw-updates-'));
const engine = await startDockerd();
const begun: Contender[] = [];
try {
  // As npm ci leaves it.
  execFileSync(process.execPath, [resolve(import.meta.dirname, '../../scripts/build.ts')]);
  loadImages(engine, ['node']);
  buildVersions(engine, rounds + 1);
  const contenders = await contendersOn(engine, folder, missing);
  begun.push(...contenders);
  const settled = await Promise.allSettled(
    contenders.map((one) => unlessPeerFails(one, () => one.begin(1).then(() => one))),
  );
  const began = settled.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
  const updates = new Map<Contender, Update[]>(began.filter((one) => one !== null).map((one) => [one, []]));
  const starts: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    starts.push(await startOfAppMs(engine, round));
    for (const [contender, each] of updates) {
      const update = await unlessPeerFails(contender, () => updateOnce(engine, contender, round + 1));
      if (update) each.push(update);
      else updates.delete(contender);
    }
  }
  const load = loadavg().map((each) => each.toFixed(1));
  printReport({ updates, idleStarts: starts, missing, load, json: values.json });
} finally {
  for (const contender of begun) await contender.end().catch((error: Error) => console.error(error.message));
  await engine.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
