import { requireFlag } from './change.ts';
import type { FlagContext, FlagSnapshot } from './snapshot.ts';
import { targetingText, valueText } from './words.ts';

/** What a user gets of a flag, and why, in words. */
export interface Explanation {
  flag: string;
  /** Null where the app takes the default of its code. */
  variant: string | null;
  /** The value as JSON text; null without one. */
  value: string | null;
  reason: string;
  why: string;
}

/** Says what somebody gets and why. Throws `flags/no-such-flag`. */
export function explainFlag(snapshot: FlagSnapshot, flag: string, context: FlagContext): Explanation {
  const definition = requireFlag(snapshot.document, flag);
  const outcome = snapshot.resolve(flag, context);
  const rules = targetingText(definition);
  if (outcome.kind === 'error')
    return { flag, variant: null, value: null, reason: 'ERROR', why: `${outcome.message} (${outcome.code})` };
  if (outcome.kind === 'default') {
    const why =
      outcome.reason === 'DISABLED'
        ? 'the flag is disabled'
        : 'it has no default variant, and no rule picks one';
    return {
      flag,
      variant: null,
      value: null,
      reason: outcome.reason,
      why: `${why}; the app takes the default of its code`,
    };
  }
  const { variant, reason } = outcome;
  return { flag, variant, value: valueText(outcome.value), reason, why: whyValue(reason, rules, context) };
}

function whyValue(reason: string, rules: string, context: FlagContext): string {
  if (reason === 'TARGETING_MATCH') return `by its rules: ${rules}`;
  if (rules === '') return 'everybody gets it: there are no rules';
  const nobody = context['targetingKey'] === undefined ? '; without a targetingKey nobody is in a share' : '';
  return `no rule picks a variant (${rules})${nobody}`;
}
