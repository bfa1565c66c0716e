import type { NewEvent } from '../../flow/index.ts';
import type { DrawnSessions, Evidence, MetricRecord, SessionCounts } from '../../judge/index.ts';
import type { Compared } from '../compared.ts';
import type { Rollout } from '../environment.ts';
import type { Sent } from './measuring.ts';
import { behaviour, type World } from './world.ts';

/*
 * What holds of the judge's sums and of its verdicts whatever is lost, begins anew or is looked at twice: sums never go
 * back and never hold more than there was; only what is bad fails by them, and what was hardly seen does not pass.
 */

/** What is behind a rollout's sums. */
interface Truth {
  world: World;
  sent: Sent;
}

/** What is wrong with the sums after a look. */
export function unfairSums(before: Rollout | null, after: Rollout | null, truth: Truth): string[] {
  const now = after?.compared;
  if (!after || !now) return [];
  const then = before?.id === after.id ? before.compared : null;
  return [...goneBack(then ?? null, now), ...tooMuch(after, now, truth)].map((one) => `${after.id}: ${one}`);
}

function goneBack(then: Compared | null, now: Compared): string[] {
  if (!then) return [];
  const drawn = then.drawn.flatMap((lot) => fewer(lot, atChance(now.drawn, lot.chance), 'lots'));
  const probed = then.probed ? fewer(then.probed, now.probed, 'requests of its own') : [];
  const read = Object.values(then.metrics).flatMap(({ name, readings }) =>
    (now.metrics[name]?.readings ?? 0) < readings ? [`readings of ${name} went back`] : [],
  );
  const isBack = then.share === now.share && now.candidate.requests < then.candidate.requests;
  return [...drawn, ...probed, ...read, ...(isBack ? ['requests went back'] : [])];
}

function atChance(drawn: readonly DrawnSessions[], chance: number): DrawnSessions | null {
  return drawn.find((one) => one.chance === chance) ?? null;
}

function fewer(then: DrawnSessions, now: DrawnSessions | null, what: string): string[] {
  const isFewer = (one: SessionCounts, other: SessionCounts | undefined) =>
    !other || other.sessions < one.sessions || other.failed < one.failed;
  const back = isFewer(then.candidate, now?.candidate) || isFewer(then.stable, now?.stable);
  return back ? [`${what} went back`] : [];
}

function tooMuch({ candidate }: Rollout, now: Compared, { world, sent }: Truth): string[] {
  const drawn = now.drawn.reduce((sum, lot) => sum + lot.candidate.sessions, 0);
  const metrics: MetricRecord[] = Object.values(now.metrics);
  const sums = {
    lots: [drawn, world.servedBy(candidate.id)],
    requests: [now.candidate.requests, world.servedBy(candidate.id)],
    'requests of its own': [now.probed?.candidate.sessions ?? 0, sent.candidate],
    'requests to the stable revision': [now.probed?.stable.sessions ?? 0, sent.stable],
    ...Object.fromEntries(metrics.map(({ name, readings }) => [name, [readings, sent.values[name] ?? 0]])),
  };
  return Object.entries(sums).flatMap(([what, [counted = 0, real = 0]]) =>
    counted > real ? [`${counted} ${what} were counted, and there were ${real}`] : [],
  );
}

/** What is wrong with the verdicts of a look. */
export function unfairVerdicts(rollout: Rollout | null, events: readonly NewEvent[], truth: Truth): string[] {
  return events.flatMap(({ type, data }) => {
    if (type !== 'rollout.judged' || !rollout) return [];
    const { verdict, evidence } = data as unknown as { verdict: string; evidence: Evidence[] };
    const wrong =
      verdict === 'failed'
        ? notGuilty(rollout, evidence, truth)
        : verdict === 'passed'
          ? notSeen(rollout, evidence, truth)
          : null;
    return wrong === null ? [] : [`${rollout.id} ${verdict}, and ${wrong}`];
  });
}

function notGuilty({ candidate, settings }: Rollout, evidence: Evidence[], { sent }: Truth): string | null {
  const kind = behaviour(candidate);
  const harm = evidence.filter(({ says }) => says === 'harm');
  if (harm.length === 0) return 'nothing says so';
  for (const { about, name, text } of harm) {
    if (about !== 'metric' && kind !== 'errors') return `its release is ${kind}: ${text}`;
    const definition = settings.judge?.metrics.find((one) => one.name === name);
    const bad = sent.bad[name ?? ''] ?? 0;
    if (definition && bad < definition.failures) return `${name} was bad ${bad} times`;
  }
  return null;
}

function notSeen(
  { candidate, settings: { judge } }: Rollout,
  evidence: Evidence[],
  { world, sent }: Truth,
): string | null {
  if (!judge) return 'nobody asked';
  const unread = judge.metrics.find(({ name, failures }) => (sent.values[name] ?? 0) < failures);
  if (unread) return `${unread.name} was read too rarely`;
  // Beside a stable revision that fails, that the candidate fails less often is told by whose the failures are: at half of
  // the traffic, each of the stable revision's makes it at most three times as likely.
  const beside = evidence.find(({ about }) => about === 'errors')?.counts?.stable.bad ?? 0;
  if (judge.errorRate === null && judge.p95Ms === null && beside >= Math.log(20) / Math.log(3)) return null;
  // Of fewer that are all well, no share can be told with odds of 20 : 1.
  const needed = Math.log(20) / -Math.log1p(-(judge.errorRate ?? judge.provenBelow));
  const seen = world.servedBy(candidate.id) + sent.candidate;
  return seen < needed ? `only ${seen} of ${Math.ceil(needed)} requests were seen` : null;
}
