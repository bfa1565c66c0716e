import type { MetricDefinition } from '../app/index.ts';
import { webCopies } from './copies.ts';
import type { EnvironmentState } from './environment.ts';
import type { DesiredInstance, Revision } from './revision.ts';
import { candidateWeight, routedCopies, routedStable } from './routes.ts';

/** A revision that is measured. */
export interface MeasuredRevision {
  /** `r7` */
  id: string;
  /** Copies that have its traffic, by ids that name their machines. */
  copies: string[];
}

/** A metric that a rollout's judge wants to be read. */
export interface MetricWish {
  /** What was read for one rollout says nothing of another. */
  rollout: string;
  metric: MetricDefinition;
  candidate: MeasuredRevision;
  /** Null while the stable revision has no traffic, or there is none: a revision at rest is nothing to compare with. */
  stable: MeasuredRevision | null;
}

/** What is to be read now: from the candidate's first traffic until its bake, or the rollout, ends. */
export function metricWishes({ stable, rollout }: EnvironmentState): MetricWish[] {
  if (!rollout || rollout.phase.at === 'reverting') return [];
  const weight = candidateWeight(rollout);
  if (weight === 0) return [];
  const { id, candidate, settings } = rollout;
  const compared =
    stable && weight < 100 ? measured(stable, webCopies(stable, routedStable(stable, rollout))) : null;
  return (settings.judge?.metrics ?? []).map((metric) => ({
    rollout: id,
    metric,
    candidate: measured(candidate, webCopies(candidate, routedCopies(rollout))),
    stable: compared && compared.copies.length > 0 ? compared : null,
  }));
}

function measured({ id }: Revision, copies: DesiredInstance[]): MeasuredRevision {
  return { id, copies: copies.map((copy) => copy.id) };
}
