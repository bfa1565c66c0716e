import type { Json } from '../flow/index.ts';
import { judge, type Seen, type Verdict } from '../judge/index.ts';
import type { Draft } from './draft.ts';
import type { Cause, Rollout } from './environment.ts';
import { candidateWeight } from './routes.ts';

/** What the judge says of all that was seen so far; null without a judge, and before the candidate has traffic. */
export function verdictOn({
  settings,
  compared,
  paused,
}: Pick<Rollout, 'settings' | 'compared' | 'paused'>): Verdict | null {
  if (!settings.judge || !compared) return null;
  const minutes = compared.shareSince.elapsedMs / 60_000;
  const seen: Seen = {
    edgesMs: compared.edgesMs,
    drawn: compared.drawn,
    stretches: compared.stretches,
    dealt: compared.dealt,
    probed: compared.probed,
    candidate: compared.candidate,
    stable: compared.stable,
    earlier: compared.earlier,
    shares: compared.shares,
    metrics: Object.values(compared.metrics),
    sessionsPerMinute: minutes > 0 && !paused ? compared.candidate.sessions / minutes : null,
  };
  return judge(settings.judge, seen);
}

/** Why the judge takes the rollout back; null while it does not. */
export function judged(rollout: Rollout): Cause | null {
  const verdict = verdictOn(rollout);
  if (verdict?.is !== 'failed') return null;
  const reason = `${verdict.reason}; stopped at ${candidateWeight(rollout)} %`;
  return { outcome: 'failed', reason, logTail: [], verdict };
}

/** Notes a verdict with its evidence where something was decided by it. */
export function noteVerdict(draft: Draft, rollout: Rollout, verdict: Verdict): void {
  draft.event('rollout.judged', 'slipway', {
    rollout: rollout.id,
    weightPercent: candidateWeight(rollout),
    verdict: verdict.is,
    reason: 'reason' in verdict ? verdict.reason : null,
    evidence: verdict.evidence as unknown as Json,
    needed: ('needed' in verdict ? verdict.needed : null) as unknown as Json,
  });
}

/** The time for a proof is over: it goes on all the same where nothing was proven, and says so. */
export function concludeHold(draft: Draft, rollout: Rollout, verdict: Verdict | null): void {
  if (!verdict) return;
  noteVerdict(draft, rollout, verdict);
  if (verdict.is === 'passed' || verdict.is === 'failed') return;
  draft.event('rollout.unproven', 'slipway', {
    rollout: rollout.id,
    weightPercent: candidateWeight(rollout),
    reason: verdict.reason,
  });
}
