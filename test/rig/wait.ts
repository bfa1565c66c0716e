import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../src/diagnostics/index.ts';

/** Longest wait for anything; a limit against hanging, never a measure of speed. */
const limitMs = 240_000;

/** Asks again until something holds. Throws with what it waited for, and what `explain` knows. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  explain: () => unknown = () => '',
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error(`${what} did not come true: ${JSON.stringify(await explain())}`);
    await sleep(25);
  }
}

/** Repeats a call while no server answers: it is being killed and started again. */
export async function persist<T>(call: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const away = error instanceof CodedError && error.code === 'server/unreachable';
      if (!away || performance.now() > deadline) throw error;
      await sleep(25);
    }
  }
}
