import type { EnvironmentState, Rollout, RolloutPhase } from './environment.ts';
import type { Observed } from './observed.ts';

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

/** Whether a task of the rollout runs at this moment. */
export function taskRuns({ phase }: Rollout, { command }: Pick<Observed, 'command'>): boolean {
  return command.state === 'running' && looksAtTask(phase);
}

/** Whether the way back may end a task in the middle of what it does: only because a person wants that. */
export function mayEndTask({ phase }: Rollout): boolean {
  return phase.at === 'reverting' && (phase.cause.outcome === 'aborted' || phase.aborted === true);
}

/** Remembers a task as soon as it has succeeded, whatever becomes of its rollout. One that was told to end has not. */
export function noteMigrated(state: EnvironmentState, { command }: Pick<Observed, 'command'>): void {
  const { rollout } = state;
  if (!rollout || command.state !== 'exited' || command.code !== 0) return;
  const task = rollout.tasks[rollout.taskIndex];
  if (!task || !looksAtTask(rollout.phase) || mayEndTask(rollout)) return;
  const migrated = `${rollout.candidate.release.digest} ${task.name}`;
  if (!state.migrated.includes(migrated)) state.migrated = [...state.migrated, migrated];
}

/** What the rollout looks at is a task then; a way back that began in a check looks at the check's command. */
function looksAtTask(phase: RolloutPhase): boolean {
  return phase.at === 'migrating' || (phase.at === 'reverting' && phase.from.check === null);
}
