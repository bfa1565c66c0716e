import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Observation } from '../agent/driver.ts';
import { sessionHash } from '../embedded/session-hash.ts';
import { LogFollower } from './log-follower.ts';

/** What is told of an access log that nginx left. */
async function told(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-nginx-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const accessLog = join(folder, 'access.log');
  writeFileSync(accessLog, text);
  const seen: Observation[] = [];
  const lost: string[] = [];
  const follower = new LogFollower(
    { accessLog, errorLog: join(folder, 'error.log'), scopeOf: () => 'shop', isWhole: true },
    { finished: (one) => seen.push(one), lost: (reason) => lost.push(reason), ended: () => {} },
  );
  await follower.ended();
  expect(existsSync(accessLog)).toBe(false);
  return { seen, lost };
}

const line = (connection: number, session: string, lot: string) =>
  `k\tr1\t${connection}\t1\t200\t0.001\tOK\t0.002\ttext/html\t${session}\t192.0.2.1\tcurl\t-\t${lot}\n`;

test('a session drew before anything else befell it, whichever worker wrote first', async () => {
  const { seen, lost } = await told(line(1, 'a', '') + line(2, 'a', 'r1=90,r2=10') + line(3, 'b', ''));
  expect(seen.map(({ session, lot }) => [session, lot])).toEqual([
    [sessionHash('a'), 'r1=90,r2=10'],
    [sessionHash('a'), null],
    [sessionHash('b'), null],
  ]);
  expect(lost).toEqual([]);
});

test('half a line is a loss', async () => {
  const { seen, lost } = await told(line(1, 'a', '') + line(2, 'b', '').slice(0, 20));
  expect([seen.length, lost.length]).toEqual([1, 1]);
});
