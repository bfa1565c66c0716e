import type { App, EnvironmentDefinition } from './model.ts';

/**
 * Sorts environments so that each comes after the one it promotes from; otherwise as written.
 * Members of a cycle, which `parseApp` refuses, come last.
 */
export function inPromotionOrder<T extends { name: string; promoteFrom: string | null }>(
  environments: T[],
): T[] {
  const sorted: T[] = [];
  let rest = environments;
  while (rest.length > 0) {
    const next = rest.find((one) => !rest.some((other) => other.name === one.promoteFrom));
    if (!next) return [...sorted, ...rest];
    sorted.push(next);
    rest = rest.filter((one) => one !== next);
  }
  return sorted;
}

/**
 * The environments that a branch's commits travel through, in promotion order.
 *
 * @param matches - GitHub's branch filter: `matchesPatterns` of workflow/.
 * @returns An environment without branches takes every branch.
 */
export function environmentsFor(
  app: Pick<App, 'environments'>,
  branch: string,
  matches: (patterns: string[], branch: string) => boolean,
): EnvironmentDefinition[] {
  return inPromotionOrder(app.environments).filter(
    ({ branches }) => branches.length === 0 || matches(branches, branch),
  );
}
