import type { LogLine } from './views.ts';

/** Somewhere lines come from; `next` returns what has come since the last call. */
export interface LogSource {
  next(): Promise<LogLine[]>;
}
