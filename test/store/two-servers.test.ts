import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { currentOwner, openStore } from '../../src/store/index.ts';
import { FakeClock } from '../conformance/store-world.ts';

let home: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'slipway-two-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

/** Starts a ticking server; `ticks(n)` resolves when it has done n more. */
function startTicker(id: string) {
  const script = join(import.meta.dirname, 'ticker.ts');
  const child = spawn(process.execPath, [script, home, id], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ticks = async (count: number) => {
    for (let n = 0; n < count; n++) {
      if ((await lines.next()).done) throw new Error(`${id} ended`);
    }
  };
  const kill = async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  return { ticks, kill };
}

it('two servers share one file, and each goes on with what the other held when it was killed', async () => {
  const store = await openStore({ home, clock: new FakeClock(), owner: currentOwner('test') });
  for (const id of ['f', 'g']) {
    await store.flows.create({ id, kind: 'count', phase: 'new', data: { taken: 0 }, wakeAtMs: 0 });
  }
  let sent = 0;
  const signal = async () => {
    await store.flows.signal(sent % 2 ? 'f' : 'g', 'add', (sent += 1));
  };
  let survivor = startTicker('s0');
  for (let round = 1; round <= 6; round++) {
    const next = startTicker(`s${round}`);
    await signal();
    await next.ticks(3);
    await survivor.kill();
    await signal();
    // With a lease of ten minutes only the proof of its death lets the other go on; both flows must move.
    await next.ticks(6);
    survivor = next;
  }
  const taken = async () =>
    (await store.flows.list()).reduce((sum, { data }) => sum + (data as { taken: number }).taken, 0);
  // Ticks printed before the last signal may still be unread, so they are no measure of it; a lost signal never comes.
  await vi.waitFor(async () => expect(await taken()).toBe(sent), { timeout: 90_000, interval: 50 });
  await survivor.kill();
  expect(await taken()).toBe(sent);

  const flows = await store.flows.list();
  for (const flow of flows) {
    const fences = (await store.events.list({ chain: flow.id })).map((event) => event.data as number);
    expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
    expect(fences.at(-1)).toBeGreaterThan(6);
  }
  expect((await store.audit.verify()).problems).toEqual([]);
  await store.close();
});
