import { oddsText, type Evidence, type Verdict } from '../judge/index.ts';
import type { StoredEvent } from '../flow/index.ts';
import type { Judged, Tone } from './model.ts';

/** Of an event `rollout.judged`. */
export function judgedOf({ atMs, data }: StoredEvent): Judged {
  const said = data as unknown as Omit<Judged, 'atMs'>;
  const { weightPercent, verdict, reason, evidence, needed } = said;
  return { atMs, weightPercent, verdict, reason, evidence, needed };
}

const words: Record<Verdict['is'], { says: string; short: string; tone: Tone }> = {
  failed: { says: 'it does harm', short: 'harm', tone: 'bad' },
  passed: { says: 'it does no harm', short: 'no harm', tone: 'good' },
  inconclusive: { says: 'unproven', short: 'unproven', tone: 'plain' },
  errored: { says: 'there was no telling', short: 'no telling', tone: 'plain' },
};

/** `judged at 10 %: it does harm` */
export function verdictText({ weightPercent, verdict, reason }: Judged): [says: string, tone: Tone] {
  const { says, tone } = words[verdict];
  const why = reason === null || verdict === 'failed' ? '' : `; ${reason}`;
  return [`judged at ${weightPercent} %: ${says}${why}`, tone];
}

/** One or two words, for a mark in a picture. */
export function verdictMark({ verdict }: Judged): { short: string; tone: Tone } {
  return words[verdict];
}

const speaks: Record<Evidence['says'], string> = {
  harm: 'against it',
  good: 'for it',
  open: 'undecided',
  unknown: 'no answer',
};

/** Odds below say nothing to anybody. */
const leastOdds = 2;

/** `against it: 9 of 310 sessions failed on the new revision, 12 of 2,790 on the old; odds against chance 170 : 1` */
export function evidenceText({ says, text, odds }: Evidence): string {
  const chance = odds === null || odds < leastOdds ? '' : `; odds against chance ${oddsText(odds)}`;
  return `${speaks[says]}: ${text}${chance}`;
}

/** An event without what the verdict right before it has said; null when nothing is left of it. */
export function untold(event: StoredEvent, before: StoredEvent | undefined): StoredEvent | null {
  if (before?.type !== 'rollout.judged') return event;
  if (event.type === 'rollout.unproven') return null;
  const failed = judgedOf(before).verdict === 'failed' && event.type === 'rollout.reverting';
  return failed ? { ...event, data: { ...(event.data as object), reason: null } } : event;
}
