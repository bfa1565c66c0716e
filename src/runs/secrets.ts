import { coerceToString, fromJson } from '../expressions/index.ts';
import { evaluateMap } from './call.ts';
import { callJobOf, callsAround } from './frames.ts';
import type { JobInstance, RunState, SecretStep } from './model.ts';
import { jobContexts, scopeOf } from './scope.ts';

/** How the secrets of a job's frame come from the run's. Holds no secret, so that it may stand in an order. */
export function secretPathOf(state: RunState, job: JobInstance): SecretStep[] {
  return callsAround(state, job.parent)
    .toReversed()
    .map((call): SecretStep => {
      const { secrets } = callJobOf(state, call);
      if (secrets === 'inherit') return { kind: 'inherit' };
      return { kind: 'mapping', values: secrets, contexts: jobContexts(state, call, call) };
    });
}

/**
 * The `secrets` context of a job: the run's own, passed from caller to caller. The job's environment overlays the result.
 *
 * @throws CodedError as `evaluateTemplate` does.
 */
export function resolveSecrets(
  path: SecretStep[],
  rootSecrets: Record<string, string>,
): Record<string, string> {
  return path.reduce(
    (secrets, step) => (step.kind === 'inherit' ? secrets : mapped(step, secrets)),
    rootSecrets,
  );
}

/** The token goes everywhere, and nothing else that is not named; a name without a value is as if it were not passed. */
function mapped(
  { values, contexts }: Extract<SecretStep, { kind: 'mapping' }>,
  secrets: Record<string, string>,
): Record<string, string> {
  const evaluated = Object.entries(evaluateMap(values, scopeOf({ ...contexts, secrets })));
  const named = evaluated.map(([name, value]) => [name, coerceToString(fromJson(value))] as const);
  const token = Object.entries(secrets).filter(([name]) => name.toUpperCase() === 'GITHUB_TOKEN');
  return Object.fromEntries([...token, ...named.filter(([, value]) => value !== '')]);
}
