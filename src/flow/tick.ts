import { CodedError } from '../diagnostics/index.ts';
import type { Clock } from './clock.ts';
import type { Claim, Flow, FlowHandler, FlowStore } from './types.ts';

/** What a tick needs from outside. */
export interface TickPorts {
  store: FlowStore;
  handlers: readonly FlowHandler[];
  /** Who claims: the id that the store was opened with. */
  owner: string;
  clock: Clock;
  /** How long others must have seen this claim unchanged before they may take it over. */
  leaseMs: number;
  /** Told of every throw: of a handler (with its flow), or of the store itself (with null). */
  onError(error: unknown, flow: Flow | null): void;
}

/**
 * `idle`: nothing was due. `ticked`: one flow moved on. `stale`: another owner had taken the flow over meanwhile, nothing
 * was written. `failed`: something threw; the flow is due again after its back-off.
 */
export type TickResult = 'idle' | 'ticked' | 'stale' | 'failed';

const firstRetryMs = 500;
const longestRetryMs = 60_000;

/** How long a flow rests after its n-th failure in a row (n from 1): 0.5 s, doubling, 60 s at most. */
export function retryDelayMs(failures: number): number {
  return Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(failures - 1, 30));
}

/**
 * Claims one flow that is due, lets its handler look at the world, and commits what it says.
 *
 * Never throws. Side effects of a handler are at least once: after a crash, or a commit that was lost, the next tick
 * repeats them with a higher fence.
 */
export async function tickOnce(ports: TickPorts): Promise<TickResult> {
  const claim = await claimOne(ports);
  if (claim === null || claim === 'failed') return claim ?? 'idle';
  try {
    const nowMs = ports.clock.wallMs();
    const handler = handlerFor(ports.handlers, claim.flow);
    const context = { nowMs, fence: claim.flow.fence, signals: claim.signals };
    const transition = await handler.tick(claim.flow, context);
    const result = await ports.store.commit(claim, transition, ports.clock.wallMs());
    return result === 'committed' ? 'ticked' : 'stale';
  } catch (error) {
    ports.onError(error, claim.flow);
    await giveBack(ports, claim);
    return 'failed';
  }
}

async function claimOne(ports: TickPorts): Promise<Claim | 'failed' | null> {
  try {
    return await ports.store.claim(ports.owner, ports.clock.wallMs(), ports.leaseMs);
  } catch (error) {
    ports.onError(error, null);
    return 'failed';
  }
}

/** When even this fails, the lease runs out and another claim takes the flow over. */
async function giveBack(ports: TickPorts, claim: Claim): Promise<void> {
  try {
    const delayMs = retryDelayMs((claim.failures ?? 0) + 1);
    await ports.store.release(claim, ports.clock.wallMs() + delayMs);
  } catch (error) {
    ports.onError(error, claim.flow);
  }
}

function handlerFor(handlers: readonly FlowHandler[], flow: Flow): FlowHandler {
  const handler = handlers.find((candidate) => candidate.kind === flow.kind);
  if (handler) return handler;
  throw new CodedError(
    'flow/unknown-kind',
    `flow "${flow.id}" is a "${flow.kind}", which this server cannot drive`,
    {
      notes: [`known kinds: ${handlers.map((known) => `"${known.kind}"`).join(', ') || 'none'}`],
      help: 'it may have been made by a newer Slipway; start that version',
    },
  );
}
