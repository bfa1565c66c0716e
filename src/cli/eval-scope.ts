import { ignoringCase, ObjectValue, type Scope, type Value } from '../expressions/index.ts';

/** Contexts that GitHub knows: without a value they are null. Any other name exists only when it is given. */
const unset = Object.fromEntries(
  'github env vars job jobs steps runner secrets strategy matrix needs inputs'
    .split(' ')
    .map((name) => [name, null]),
);

/** Hash of the files that match, as a job would see it. */
export type HashFiles = (patterns: readonly string[]) => string;

/**
 * What an expression sees on the command line: the contexts given, under any names; `env` is case-sensitive, as on Linux.
 * The status functions go by `job.status`, and without one all is well.
 *
 * @param given - Read with case-sensitive keys; the later ones take the place of earlier ones of the same name.
 */
export function scopeOf(given: readonly ObjectValue[], hashFiles?: HashFiles): Scope {
  const contexts: Record<string, Value> = { __proto__: null, ...unset };
  for (const one of given) {
    for (const [name, value] of one.entries()) {
      const key = name.toLowerCase();
      contexts[key] = key === 'env' ? value : ignoringCase(value);
    }
  }
  const { job } = contexts;
  const status = (job instanceof ObjectValue ? job.get('status') : undefined) ?? 'success';
  return {
    contexts,
    status: {
      success: () => status === 'success',
      failure: () => status === 'failure',
      cancelled: () => status === 'cancelled',
      always: () => true,
    },
    ...(hashFiles ? { hashFiles } : {}),
  };
}
