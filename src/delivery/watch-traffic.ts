import { unreachable } from '../diagnostics/index.ts';
import { startObserved } from '../flow/index.ts';
import {
  addCounts,
  addInterval,
  addReading,
  addToStretches,
  nothingDealt,
  startStretches,
  type DrawnSessions,
  type Interval,
  type SessionCounts,
  type Totals,
} from '../judge/index.ts';
import {
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
    rollout.compared = begin(rollout, { share, reader }, observed, nowMs);
    return;
  }
  const { compared } = rollout;
  const look: Look = { isWarm: isWarm(rollout, compared, settings.judge.warmUpMs), whole: isWhole(rollout) };
  for (const [machine, router] of Object.entries(observed.routers))
    if (router) countRouter(compared, { machine, reading: readRouter(router, reader) }, look);
  if (compared.edgesMs.length === 0) chooseEdges(compared, reader, observed);
  countProbes(compared, observed.probed, look);
  countMetrics(rollout, compared, observed);
  if (compared.share !== share) beginShare(compared, { share, whole: look.whole }, nowMs);
}

/** How counts of a look are taken. */
interface Look {
  /** Slowness counts: caches had the time to fill. */
  isWarm: boolean;
  /** Nobody but the candidate has traffic. */
  whole: boolean;
}

function isWhole(rollout: Rollout): boolean {
  return candidateWeight(rollout) === 100;
}

/** Copies that a step has added are as cold as the first. */
function isWarm({ steps }: Rollout, { share, since, shareSince }: Compared, warmUpMs: number): boolean {
  const added = (steps[share]?.ready ?? 0) > (steps[share - 1]?.ready ?? 0);
  return (added ? shareSince : since).elapsedMs >= warmUpMs;
}

/** The step whose share of traffic the candidate has; null while it has none. */
function shareIndex({ phase, steps }: Rollout): number | null {
  switch (phase.at) {
    case 'stepping': {
      const shifted = ['flagging', 'verifying', 'holding'].includes(phase.stage);
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

/** Where all traffic goes over at once, what the stable revision has shown before is all that there is beside the candidate. */
function begin(
  rollout: Rollout,
  { share, reader }: { share: number; reader: Reader },
  observed: Observed,
  nowMs: number,
): Compared {
  const answering = Object.entries(observed.routers).flatMap(([machine, router]) =>
    router ? [[machine, readRouter(router, reader)] as const] : [],
  );
  const before = answering.map(([, { stable }]) => stable).reduce(addTotals, noTotals);
  const beside = isWhole(rollout) ? before : noTotals;
  return {
    share,
    shares: Math.max(1, rollout.steps.filter(({ weightPercent }) => weightPercent > 0).length),
    since: startObserved(nowMs),
    shareSince: startObserved(nowMs),
    edgesMs: [],
    readings: Object.fromEntries(answering),
    candidate: noTotals,
    stable: reader.stable === null ? null : beside,
    earlier: [],
    drawn: [],
    stretches: startStretches(rollout.settings.judge?.stallMs ?? 0),
    dealt: null,
    undealt: null,
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
  const { candidate, stable } = compared;
  compared.earlier = [...compared.earlier, { candidate, stable }];
  compared.share = share;
  compared.shareSince = startObserved(nowMs);
  compared.candidate = noTotals;
  if (!whole && compared.stable) compared.stable = noTotals;
}

function countRouter(
  compared: Compared,
  { machine, reading }: { machine: string; reading: Reading },
  { isWarm, whole }: Look,
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
  // What it is given to finish is no part of how it served.
  if (compared.stable && !whole) compared.stable = addTotals(compared.stable, more.stable);
  if (more.lots) {
    compared.drawn = addDrawn(compared.drawn, isWarm ? more.lots : more.lots.map(cold));
    if (isWarm && compared.stretches) addToStretches(compared.stretches, more.lots, compared.since.elapsedMs);
  } else if (!whole) countDealt(compared, { candidate: dealt(more.candidate), stable: dealt(more.stable) });
}

/** Two samples need sessions of both: an interval is as long as it takes until both have some. */
function countDealt(compared: Compared, more: Interval): void {
  const open = compared.undealt ?? { candidate: dealt(noTotals), stable: dealt(noTotals) };
  const sum = (side: 'candidate' | 'stable') => ({
    sessions: open[side].sessions + more[side].sessions,
    failed: open[side].failed + more[side].failed,
  });
  const interval = { candidate: sum('candidate'), stable: sum('stable') };
  compared.dealt ??= nothingDealt;
  const isFull = interval.candidate.sessions > 0 && interval.stable.sessions > 0;
  compared.undealt = isFull ? null : interval;
  if (isFull) compared.dealt = addInterval(compared.dealt, interval);
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

function countProbes(compared: Compared, probed: ProbedTraffic | null, { isWarm }: Look): void {
  // Where nobody else could be asked, no lot was drawn.
  if (!probed || probed.chance === 1) return;
  const { epoch } = probed;
  const now = {
    epoch,
    candidate: countsOf(probed.candidate, compared.edgesMs),
    stable: countsOf(probed.stable, compared.edgesMs),
  };
  const before = compared.probesRead?.epoch === epoch ? compared.probesRead : null;
  // Who was slow before anybody looked may have met what was cold.
  const told = (counts: SessionCounts) => (isWarm && before ? counts : withoutSlow(counts));
  const sums = compared.probed ?? { chance: 0.5, candidate: noCounts, stable: noCounts };
  compared.probed = {
    chance: 0.5,
    candidate: addCounts(sums.candidate, told(countsMinus(now.candidate, before?.candidate))),
    stable: addCounts(sums.stable, told(countsMinus(now.stable, before?.stable))),
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
