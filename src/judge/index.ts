export { judge, provesHarm } from './judge.ts';
export { keepsBounds, type Kept } from './kept.ts';
export { addReading, type Reading } from './metrics.ts';
export { addCounts } from './counts.ts';
export { addToStretches, startStretches } from './stretches.ts';
export { addInterval, nothingDealt, type Interval } from './two-sample.ts';
export { oddsText } from './words.ts';
export type {
  DealtSessions,
  DrawnSessions,
  Evidence,
  MetricRecord,
  Needed,
  Seen,
  SessionCounts,
  ShareTotals,
  Stretches,
  Totals,
  Verdict,
} from './model.ts';
