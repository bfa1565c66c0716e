import { unreachable } from '../diagnostics/index.ts';
import type { Draft } from './draft.ts';
import type { Cause, Rollout } from './environment.ts';
import { startObserved } from '../flow/index.ts';
import { mayNotApprove } from './rules.ts';
import { allFlags } from './strategy.ts';

/** What somebody says to an environment; without a rollout's id it is meant for the one under way. */
export interface Word {
  rolloutId: string | null;
  by: string;
  reason?: string;
  /** Promotes to the end: no more holds, no bake. */
  full?: boolean;
}

/**
 * Takes a person's word on the rollout under way. One that may not be said, or comes too late, changes nothing: whoever asks
 * is told so beforehand (`mayNot`).
 *
 * @returns Why the rollout must go back, if that was the word.
 */
export function takeDecision(draft: Draft, verb: string, word: Word, nowMs: number): Cause | null {
  const { rollout } = draft.state;
  if (!rollout || (word.rolloutId !== null && word.rolloutId !== rollout.id)) return null;
  if (!isVerb(verb) || mayNot(verb, rollout, word) !== null) return null;
  switch (verb) {
    case 'approve':
      return approve(draft, rollout, word);
    case 'promote':
      return promote(draft, rollout, word);
    case 'pause':
      rollout.paused = { by: word.by, since: startObserved(nowMs) };
      break;
    case 'resume':
      rollout.paused = null;
      break;
    case 'reject':
      break;
    default:
      return unreachable(verb);
  }
  draft.event(`rollout.${verb}${verb.endsWith('e') ? 'd' : 'ed'}`, word.by, { rollout: rollout.id });
  if (verb !== 'reject') return null;
  const why = word.reason === undefined ? '' : `: ${word.reason}`;
  return { outcome: 'aborted', reason: `rejected by ${word.by}${why}`, logTail: [] };
}

/** What people may say of a rollout, beside its abort. */
export type Verb = 'promote' | 'approve' | 'reject' | 'pause' | 'resume';

/** Why a word has no place now, in one sentence; null when it has. */
export function mayNot(
  verb: Verb,
  rollout: Pick<
    Rollout,
    'phase' | 'paused' | 'steps' | 'alone' | 'outage' | 'settings' | 'requestedBy' | 'hurried'
  >,
  { by, full }: Pick<Word, 'by' | 'full'>,
): string | null {
  const { phase, paused, alone, outage } = rollout;
  if (phase.at === 'reverting') return 'it is going back already';
  const asks = asksFor(rollout);
  switch (verb) {
    case 'pause':
      if (paused) return `it is paused already, by ${paused.by}`;
      return alone && (phase.at === 'stepping' || outage)
        ? 'users wait for the new version, and a pause would keep them waiting; an abort brings the old one back'
        : null;
    case 'resume':
      return paused ? null : 'it is not paused';
    case 'reject':
      return asks === 'approval' ? mayNotApprove(rollout, by) : 'it does not wait for an approval';
    case 'approve':
      return asks === 'approval' ? mayNotApprove(rollout, by) : 'it does not wait for an approval';
    case 'promote':
      if (phase.at === 'waiting') return 'it waits for the rules of its environment, which nobody can skip';
      if (asks === 'approval' || (full && hasApprovals(rollout)) || mayAsk(rollout)) {
        const refused = mayNotApprove(rollout, by);
        if (refused !== null) return refused;
      }
      if (full || paused || asks !== 'nothing') return null;
      return 'it does not hold: it goes on by itself as soon as it can';
    default:
      return unreachable(verb);
  }
}

/** What the rollout wants from people now. */
export function asksFor({
  phase,
  steps,
  settings,
}: Pick<Rollout, 'phase' | 'steps' | 'settings'>): 'approval' | 'patience' | 'nothing' {
  if (phase.at === 'waiting') {
    return settings.rules.reviewers.length > 0 && phase.approvedBy === null ? 'approval' : 'patience';
  }
  if (phase.at === 'baking') return 'patience';
  if (phase.at !== 'stepping' || phase.stage !== 'holding' || phase.approvedBy !== null) return 'nothing';
  const asks = phase.undecided === 'ask' || steps[phase.index]?.hold.kind === 'approval';
  return asks ? 'approval' : 'patience';
}

/** A hold that may end with a question is not ended by somebody who could not answer it. */
function mayAsk({ settings, phase }: Pick<Rollout, 'settings' | 'phase'>): boolean {
  return phase.at === 'stepping' && settings.judge?.undecided === 'ask';
}

function hasApprovals({ steps, phase }: Pick<Rollout, 'steps' | 'phase'>): boolean {
  const from = phase.at === 'stepping' ? phase.index : 0;
  const begun = !['draining', 'stopping-workers', 'starting-workers', 'baking'].includes(phase.at);
  return begun && steps.slice(from).some(({ hold }) => hold.kind === 'approval');
}

function approve(draft: Draft, { id, phase }: Rollout, { by }: Word): null {
  if (phase.at === 'waiting' || phase.at === 'stepping') phase.approvedBy = by;
  draft.event('rollout.approved', by, { rollout: id });
  return null;
}

/** Ends a pause and the present hold; in full, what is left of holds and of the bake, too. */
function promote(draft: Draft, rollout: Rollout, { by, full = false }: Word): null {
  const { phase } = rollout;
  rollout.paused = null;
  if (phase.at === 'stepping' && phase.stage === 'holding') phase.approvedBy = by;
  if (full || phase.at === 'baking') rollout.hurried = true;
  const last = rollout.steps.at(-1);
  // A rolling update keeps its steps: they say how many copies move at a time.
  if (full && phase.at === 'stepping' && rollout.settings.strategy.kind !== 'rolling' && last)
    rollout.steps = [...rollout.steps.slice(0, phase.index + 1), ...laterSteps(rollout, last)];
  draft.event('rollout.promoted', by, { rollout: rollout.id, full });
  return null;
}

function laterSteps({ steps, phase }: Rollout, last: Rollout['steps'][number]): Rollout['steps'] {
  if (phase.at !== 'stepping' || phase.index >= steps.length - 1) return [];
  return [{ ...last, ...allFlags(steps.slice(phase.index + 1)) }];
}

function isVerb(word: string): word is Verb {
  return ['promote', 'approve', 'reject', 'pause', 'resume'].includes(word);
}
