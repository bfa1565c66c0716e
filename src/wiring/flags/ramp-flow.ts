import {
  isGoing,
  planRamp,
  type EnvironmentTotals,
  type Ramp,
  type RampWords,
  type Trouble,
} from '../../flags/index.ts';
import type { FlowHandler, NewEvent, Signal } from '../../flow/index.ts';
import type { Store } from '../../store/index.ts';
import { changeFlags, documentOf, flagIn } from './change.ts';
import { flagPlaceOf } from './place.ts';
import type { RampMeters } from '../ramp-meters.ts';
import { rampKind, type RampFlowData } from './ramps.ts';

/** What a ramp acts on. */
export interface RampPorts {
  store: Pick<Store, 'flags'>;
  /** Apps are answered by what the store has once this resolves. */
  refresh(): Promise<void>;
  /** What the environment has answered so far; null when a router does not say. */
  totals(scope: string): Promise<EnvironmentTotals | null>;
  meters: RampMeters;
}

/** Looks at the flag, lets the engine plan, changes the flag, and commits. */
export function rampHandler(ports: RampPorts): FlowHandler<RampFlowData> {
  return {
    kind: rampKind,
    async tick({ id: flowId, data, phase }, { nowMs, fence, signals }) {
      const { ramp: before, isNew } = taken(data.ramp, signals);
      const consumed = signals.map((signal) => signal.id);
      if (!isGoing(before)) return { phase, data, wakeAtMs: null, events: [], consumed };
      const place = flagPlaceOf(data.scope);
      const words = wordsIn(signals);
      const stored = await ports.store.flags.get(place);
      const flag = flagIn(documentOf(stored), before.flag);
      const totals = before.rules.errorRate === null ? null : await ports.totals(data.scope);
      const metrics = ports.meters.look(data.scope, before);
      const { ramp, order, wakeInMs } = planRamp(before, { seen: { flag, totals, metrics }, words, nowMs });
      if (order) {
        const { to, reason } = order;
        const flags = { [ramp.flag]: to };
        const about = {
          seenVersion: stored?.version ?? 0,
          turn: { flowId, fence },
          why: { ramp: ramp.id, reason },
        };
        const wish = { kind: 'step', flags, ...about } as const;
        await changeFlags(place, { wish, actor: 'slipway', dryRun: false }, ports.store);
        await ports.refresh();
      }
      if (!isGoing(ramp)) ports.meters.forget(ramp);
      return {
        phase: ramp.phase.at,
        data: { ...data, ramp },
        wakeAtMs: wakeInMs === null ? null : nowMs + wakeInMs,
        events: eventsOf(data.scope, ramp, { isNew, words }),
        consumed,
      };
    },
  };
}

/** One at a time: whoever asks for another one meanwhile is refused, and sees that theirs is not the one that runs. */
function taken(ramp: Ramp | null, signals: readonly Signal[]): { ramp: Ramp | null; isNew: boolean } {
  const asked = signals.find(({ name }) => name === 'start')?.payload as unknown as Ramp | undefined;
  if (asked === undefined || isGoing(ramp) || asked.id === ramp?.id) return { ramp, isNew: false };
  return { ramp: asked, isNew: true };
}

function wordsIn(signals: readonly Signal[]): RampWords {
  const wordOf = (wanted: string) =>
    (signals.find(({ name }) => name === wanted)?.payload ?? null) as { by: string } | null;
  const troubles = signals
    .filter(({ name }) => name === 'troubles')
    .flatMap(({ payload }) => payload as unknown as Trouble[]);
  return { abort: wordOf('abort'), promote: wordOf('promote'), troubles };
}

function eventsOf(
  chain: string,
  ramp: Ramp,
  { isNew, words }: { isNew: boolean; words: RampWords },
): NewEvent[] {
  const { id, flag, variant, steps, holdMs, by, phase } = ramp;
  const about = { ramp: id, flag, variant };
  const told = (['abort', 'promote'] as const).flatMap((verb) => {
    const word = words[verb];
    return word ? [{ chain, type: `flags.ramp-${verb}`, actor: word.by, data: about }] : [];
  });
  const start = { chain, type: 'flags.ramp-started', actor: by, data: { ...about, steps, holdMs } };
  const end =
    phase.at === 'ended'
      ? [
          {
            chain,
            type: 'flags.ramp-ended',
            actor: 'slipway',
            data: { ...about, end: phase.end, reason: phase.reason },
          },
        ]
      : [];
  return [...(isNew ? [start] : []), ...told, ...end];
}
