import { unreachable } from '../diagnostics/index.ts';
import { startObserved } from '../flow/index.ts';
import { addInterval, addReading, nothingDealt, type DrawnSessions, type Totals } from '../judge/index.ts';
import {
  addCounts,
  addDrawn,
  addTotals,
  between,
  countsMinus,
  countsOf,
  noTotals,
  readRouter,
  withoutSlow,
  type Compared,
  type Reader,
  type Reading,
} from './compared.ts';
import { usualEdges } from './edges.ts';
import type { Rollout } from './environment.ts';
import type { Observed, ProbedTraffic } from './observed.ts';
import { candidateWeight } from './routes.ts';

/** Adds what came since the last look to what the judge rests on. Does nothing before the candidate has traffic. */
export function watchTraffic(
  stable: string | null,
  rollout: Rollout,
  observed: Observed,
  nowMs: number,
): void {
  const { settings, candidate } = rollout;
  const share = shareIndex(rollout);
  if (!settings.judge || share === null) return;
  const reader: Reader = {
    candidate: candidate.id,
    stable,
    edgesMs: rollout.compared?.edgesMs ?? [],
    slowerThanMs: settings.judge.p95Ms,
  };
  if (!rollout.compared) {
    rollout.compared = begin(share, reader, observed, nowMs);
    return;
  }
  const { compared } = rollout;
  const isWarm = compared.since.elapsedMs >= settings.judge.warmUpMs;
  for (const [machine, router] of Object.entries(observed.routers))
    if (router) countRouter(compared, { machine, reading: readRouter(router, reader) }, isWarm);
  if (compared.edgesMs.length === 0) chooseEdges(compared, reader, observed);
  countProbes(compared, observed.probed);
  countMetrics(rollout, compared, observed);
  if (compared.share !== share)
    beginShare(compared, { share, whole: candidateWeight(rollout) === 100 }, nowMs);
}

/** The step whose share of traffic the candidate has; null while it has none. */
function shareIndex({ phase, steps }: Rollout): number | null {
  switch (phase.at) {
    case 'stepping': {
      const shifted = phase.stage === 'verifying' || phase.stage === 'holding';
      const index = shifted ? phase.index : phase.index - 1;
      return (steps[index]?.weightPercent ?? 0) > 0 ? index : null;
    }
    case 'draining':
    case 'stopping-workers':
    case 'starting-workers':
    case 'baking':
      return steps.length - 1;
    case 'waiting':
    case 'preparing':
    case 'migrating':
    case 'checking-stable':
    case 'reverting':
      return null;
    default:
      return unreachable(phase);
  }
}

/** What the stable revision has shown before is what the candidate is held against until both have been seen together. */
function begin(share: number, reader: Reader, observed: Observed, nowMs: number): Compared {
  const answering = Object.entries(observed.routers).flatMap(([machine, router]) =>
    router ? [[machine, readRouter(router, reader)] as const] : [],
  );
  const before = answering.map(([, { stable }]) => stable).reduce(addTotals, noTotals);
  return {
    share,
    since: startObserved(nowMs),
    shareSince: startObserved(nowMs),
    edgesMs: [],
    readings: Object.fromEntries(answering),
    candidate: noTotals,
    stable: reader.stable === null ? null : before,
    drawn: [],
    dealt: null,
    probed: null,
    probesRead: null,
    metrics: {},
  };
}

/** With all traffic there is nothing beside the candidate any more: what was seen last stays. */
function beginShare(
  compared: Compared,
  { share, whole }: { share: number; whole: boolean },
  nowMs: number,
): void {
  compared.share = share;
  compared.shareSince = startObserved(nowMs);
  compared.candidate = noTotals;
  if (!whole && compared.stable) compared.stable = noTotals;
}

function countRouter(
  compared: Compared,
  { machine, reading }: { machine: string; reading: Reading },
  isWarm: boolean,
): void {
  const before = compared.readings[machine];
  compared.readings[machine] = reading;
  // A machine that was silent so far is read from here on.
  const more = before && between(before, reading);
  if (!more) return;
  compared.candidate = addTotals(
    compared.candidate,
    isWarm ? more.candidate : { ...more.candidate, slow: 0 },
  );
  if (compared.stable) compared.stable = addTotals(compared.stable, more.stable);
  if (more.lots) compared.drawn = addDrawn(compared.drawn, isWarm ? more.lots : more.lots.map(cold));
  else if (more.stable.sessions + more.stable.requests > 0)
    compared.dealt = addInterval(compared.dealt ?? nothingDealt, {
      candidate: dealt(more.candidate),
      stable: dealt(more.stable),
    });
}

function dealt({ sessions, failedSessions }: Totals): { sessions: number; failed: number } {
  return { sessions, failed: failedSessions };
}

function cold(drawn: DrawnSessions): DrawnSessions {
  return { ...drawn, candidate: withoutSlow(drawn.candidate), stable: withoutSlow(drawn.stable) };
}

/** Once, by what users of the stable revision had to wait so far; what was slow before does not count. */
function chooseEdges(compared: Compared, reader: Reader, observed: Observed): void {
  const routers = Object.values(observed.routers).filter((router) => router !== null);
  const edgesMs = usualEdges(routers, { stable: reader.stable, probed: observed.probed });
  if (edgesMs.length === 0) return;
  compared.edgesMs = edgesMs;
  for (const [machine, router] of Object.entries(observed.routers))
    if (router && compared.readings[machine])
      compared.readings[machine] = readRouter(router, { ...reader, edgesMs });
}

function countProbes(compared: Compared, probed: ProbedTraffic | null): void {
  // Where nobody else could be asked, no lot was drawn.
  if (!probed || probed.chance === 1 || compared.edgesMs.length === 0) return;
  const { epoch } = probed;
  const now = {
    epoch,
    candidate: countsOf(probed.candidate, compared.edgesMs),
    stable: countsOf(probed.stable, compared.edgesMs),
  };
  const before = compared.probesRead?.epoch === epoch ? compared.probesRead : null;
  const sums = compared.probed ?? { chance: 0.5, candidate: noCounts, stable: noCounts };
  compared.probed = {
    chance: 0.5,
    candidate: addCounts(sums.candidate, countsMinus(now.candidate, before?.candidate)),
    stable: addCounts(sums.stable, countsMinus(now.stable, before?.stable)),
  };
  compared.probesRead = now;
}

const noCounts = { sessions: 0, failed: 0, slow: [] };

function countMetrics({ settings }: Rollout, compared: Compared, { metrics }: Observed): void {
  for (const definition of settings.judge?.metrics ?? []) {
    const reading = metrics[definition.name];
    const before = compared.metrics[definition.name] ?? null;
    if (!reading || before?.id === reading.id) continue;
    compared.metrics[definition.name] = { ...addReading(definition, before, reading), id: reading.id };
  }
}
