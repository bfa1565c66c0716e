import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../diagnostics/index.ts';
import type { CliContext } from './context.ts';
import type { Display } from './display.ts';

interface Following<View> {
  watch: (signal: AbortSignal) => AsyncIterable<View>;
  ended: (view: View) => boolean;
  display: Display<View>;
}

const patienceMs = 60_000;
const retryAfterMs = 500;

/**
 * Shows every view until the last one. A server that goes away is waited for: its successor goes on where it stood.
 *
 * @returns The last view, or null when the user interrupted; what was followed goes on all the same.
 * @throws CodedError `server/unreachable` after a minute without an answer.
 */
export async function follow<View>(
  context: CliContext,
  { watch, ended, display }: Following<View>,
): Promise<View | null> {
  const interrupt = new AbortController();
  const stopListening = context.onInterrupt(() => interrupt.abort());
  let deadline = context.nowMs() + patienceMs;
  let isNoted = false;
  try {
    while (!interrupt.signal.aborted) {
      try {
        for await (const view of watch(interrupt.signal)) {
          deadline = context.nowMs() + patienceMs;
          isNoted = false;
          display.show(view);
          if (ended(view)) return view;
        }
      } catch (error) {
        if (!isUnreachable(error) || context.nowMs() > deadline) throw error;
      }
      if (interrupt.signal.aborted) return null;
      if (context.nowMs() > deadline) throw wentAway();
      if (!isNoted) display.note('the server does not answer; waiting for it (what runs goes on)');
      isNoted = true;
      await sleep(retryAfterMs, undefined, { signal: interrupt.signal }).catch(() => {});
    }
    return null;
  } finally {
    stopListening();
    display.end();
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof CodedError && error.code === 'server/unreachable';
}

function wentAway(): CodedError {
  return new CodedError('server/unreachable', 'the server ended the connection and did not come back', {
    help: 'start it again with "slipway up"; it goes on where it stood',
  });
}
