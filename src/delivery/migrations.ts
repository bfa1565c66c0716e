import type { EnvironmentState, Rollout } from './environment.ts';

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

/**
 * Whether the stable revision must be well after the tasks of a rollout. One that was ill before does not block its mend;
 * and where the migration was announced as irreversible, going back would help nobody.
 */
export function mustStayWell({ stableBefore, candidate }: Rollout): boolean {
  return stableBefore === 'ready' && !candidate.migration.irreversible;
}
