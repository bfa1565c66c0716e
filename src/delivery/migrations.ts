import type { EnvironmentState } from './environment.ts';

/**
 * Why a release cannot simply be gone back to: a later one changed data so that nothing before it can run on it. Null when
 * nothing stands in the way. A release that is not remembered counts as older than all that are.
 */
export function crossedMigration(
  { releases }: Pick<EnvironmentState, 'releases'>,
  digest: string,
): string | null {
  const since = releases.slice(releases.findIndex((release) => release.digest === digest) + 1);
  const barrier = since.findLast(({ irreversible }) => irreversible);
  if (!barrier) return null;
  const { commit, title } = barrier;
  return `the migration of ${commit.slice(0, 7)} (${title}) cannot be undone, and what ran before it cannot run on what it left`;
}
