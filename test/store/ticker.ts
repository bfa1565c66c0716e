/**
 * A server reduced to its ticks, for the tests that kill it: `node ticker.ts HOME OWNER`. Each tick adds one to the flow's
 * count and writes one event; prints a line a tick.
 */
import { currentOwner, openStore } from '../../src/store/index.ts';
import { tickOnce, type FlowHandler } from '../../src/flow/index.ts';

const [home = '', id = ''] = process.argv.slice(2);
const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
const store = await openStore({ home, clock, owner: currentOwner(id) });

const count: FlowHandler = {
  kind: 'count',
  tick: (flow, context) => {
    const { taken } = flow.data as { taken: number };
    const data = { taken: taken + context.signals.length };
    const event = { chain: flow.id, type: 'counted', actor: id, data: context.fence };
    const consumed = context.signals.map((signal) => signal.id);
    return Promise.resolve({ phase: 'counting', data, wakeAtMs: 0, events: [event], consumed });
  },
};

const onError = (error: unknown) => console.error(error);
for (;;) {
  const result = await tickOnce({
    store: store.flows,
    handlers: [count],
    owner: id,
    clock,
    leaseMs: 600_000,
    onError,
  });
  if (result === 'ticked') console.log('ticked');
  if (result === 'failed') process.exit(1);
  if (result === 'idle') await store.waitForChange(store.changeToken(), 5);
}
