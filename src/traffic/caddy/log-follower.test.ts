import { appendFileSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LogFollower, type ReadUntil } from './log-follower.ts';

function start() {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-caddy-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'requests.log');
  const told: string[] = [];
  const lost: string[] = [];
  const events = {
    finished: ({ revision }: { revision: string }) => void told.push(revision),
    lost: (reason: string) => void lost.push(reason),
    ended: () => {},
  };
  const follow = async (from: ReadUntil | null) => {
    const follower = new LogFollower({ file, scopeOf: () => 'shop' }, events);
    await follower.follow(from);
    return follower;
  };
  const write = (text: string) => appendFileSync(file, text);
  return { folder, file, told, lost, follow, write };
}

const line = (revision: string) =>
  `${JSON.stringify({ slipway: `k ${revision}`, status: 200, head: 200 })}\n`;

test('files that were turned over are read to their end, in their order, and removed', async () => {
  const { folder, file, told, lost, follow, write } = start();
  write(line('before'));
  const follower = await follow(null);
  write(line('a'));
  await follower.settle();
  write(line('b'));
  renameSync(file, join(folder, 'requests-2026-01-01T00-00-00.000-size.log'));
  write(line('c'));
  renameSync(file, join(folder, 'requests-2026-01-01T00-00-01.000-size.log'));
  write(line('d'));
  await follower.stop();
  expect([told, lost, readdirSync(folder)]).toEqual([['a', 'b', 'c', 'd'], [], ['requests.log']]);
});

test('the next follower goes on where the last one let go, within a line, too', async () => {
  const { told, lost, follow, write } = start();
  const first = await follow(null);
  write(line('a') + line('b').slice(0, 10));
  const until = await first.stop();
  write(line('b').slice(10) + line('c'));
  await (await follow(until)).stop();
  expect([told, lost]).toEqual([['a', 'b', 'c'], []]);
});
