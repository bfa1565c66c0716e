import type { Flow } from '../flow/index.ts';
import type { FlowRow } from './schema.ts';

/** A flow as its row tells it. */
export function toFlow(row: FlowRow): Flow {
  const { id, kind, phase, fence } = row;
  return {
    id,
    kind,
    phase,
    data: JSON.parse(row.data) as unknown,
    wakeAtMs: row.wake_at_ms,
    fence,
    done: row.done === 1,
  };
}
