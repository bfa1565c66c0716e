import type { ServiceRole } from './model.ts';

/** A service of a Compose file and what it is to a rollout. */
export interface ClassifiedService {
  name: string;
  role: ServiceRole;
  /** Why it has this role, for people: `"web" depends on it`. */
  reason: string;
  /** Two revisions of it may run at once. */
  overlap: boolean;
  /** No two of it may run at any time, and users wait while it is replaced. */
  alone: boolean;
  /** Shared, and users wait while a rollout replaces it by what its release says. */
  mayBeAway: boolean;
  /** What must be up before it starts: services of its own revision, then shared ones. */
  after: string[];
}
