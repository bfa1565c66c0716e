export type {
  DealtSessions,
  DrawnSessions,
  Evidence,
  MetricRecord,
  Needed,
  Seen,
  SessionCounts,
  Totals,
  Verdict,
} from './model.ts';
