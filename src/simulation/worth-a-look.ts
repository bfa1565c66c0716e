import type { JudgeDefinition } from '../app/index.ts';
import type { DrawnSessions, SessionCounts } from '../judge/index.ts';

/**
 * Whether the judge could say "failed" now: it is asked only then, as a look takes far longer than a second's users.
 *
 * All that it compares are means of likelihood ratios, and no mean is above the largest likelihood ratio that any rate
 * has: e to the power of n·KL(x/n ‖ chance), where x of n bad sessions are the candidate's. While that is below
 * 1/`falseAlarm` for all that is looked at, the mean is, too. Bounds of the rules' own are another matter, so with one of
 * them every look is worth it. A test plays the same rollouts with and without.
 */
export function worthALook(rules: JudgeDefinition, drawn: readonly DrawnSessions[], edges: number): boolean {
  if (rules.errorRate !== null || rules.p95Ms !== null || rules.metrics.length > 0) return true;
  const enough = -Math.log(rules.falseAlarm);
  if (largest(drawn, failed) >= enough) return true;
  for (let edge = 0; edge < edges; edge++)
    if (largest(drawn, ({ slow }) => slow[edge] ?? 0) >= enough) return true;
  return false;
}

const failed = ({ failed }: SessionCounts) => failed;

/** The logarithm of the largest likelihood ratio. */
function largest(drawn: readonly DrawnSessions[], bad: (counts: SessionCounts) => number): number {
  let sum = 0;
  for (const { chance, candidate, stable } of drawn) {
    const ours = bad(candidate);
    const others = bad(stable);
    const share = ours / (ours + others);
    if (!(share > chance)) continue;
    sum += ours * Math.log(share / chance);
    if (others > 0) sum += others * Math.log((1 - share) / (1 - chance));
  }
  return sum;
}
