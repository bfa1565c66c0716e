import type { PhaseTotals } from './load-totals.ts';
import type { Split } from './timing.ts';

/** A row of the table: a commit on its way, or a way back. */
export interface Act {
  name: string;
  commit: string;
  /** `live`, `stopped in staging`, `stopped by a test`. */
  became: string;
  /** Whether production's users got it. */
  live: boolean;
  why: string;
  split: Split;
  /** How long its rollouts were in each state: `staging starting`. */
  stateMs: Record<string, number>;
  /** Null before there was anybody to ask. */
  requests: PhaseTotals | null;
}
