import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../docker/index.ts';
import type { ProcessStatus } from '../../supervisor/index.ts';
import { copyUse } from './copy-use.ts';
import { countLines } from './count-lines.ts';
import type { CopyParts } from './own-copies.ts';

const scope = 'shop/production';

/** A process `r8-web-1` with a log, and a container `r8-api-1` with lines. */
function copies(): { parts: CopyParts; log: string; said: { at: string; text: string }[] } {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-copies-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const log = join(folder, 'r8-web-1.log');
  const said: { at: string; text: string }[] = [];
  const status = { id: `${scope}/r8-web-1`, pid: process.pid, logFile: log } as ProcessStatus;
  const containers = {
    list: () => Promise.resolve([{ Id: 'c1', Labels: { 'slipway.instance': 'r8-api-1' } }]),
    inspect: () => Promise.resolve({ State: { Running: true, StartedAt: 'then' } }),
    use: () => Promise.resolve({ cpuMs: 5, memoryBytes: 7 }),
    linesAfter: async function* (_: string, after: string | null) {
      yield* await Promise.resolve(after === null ? said.slice(-1) : said.filter(({ at }) => at > after));
    },
  };
  const docker = { engine: { containers } as unknown as Engine, homeId: 'h' };
  return { parts: { supervisor: { list: () => Promise.resolve([status]) }, docker }, log, said };
}

test('what copies use is told of processes and of containers, and of what is not there nothing', async () => {
  const { parts } = copies();
  const [own, container, ...others] = await copyUse(scope, ['r8-web-1', 'r8-api-1', 'r9-web-1'], parts);
  expect(own?.memoryBytes).toBeGreaterThan(0);
  expect(container).toEqual({ id: 'r8-api-1', start: 'then', cpuMs: 5, memoryBytes: 7 });
  expect(others).toEqual([]);
});

test('lines are counted from a place on, once each, also when the log has begun anew', async () => {
  const { parts, log, said } = copies();
  const count = (after: Record<string, string | null>) =>
    countLines(
      scope,
      { pattern: 'ERROR', copies: Object.entries(after).map(([id, place]) => ({ id, after: place })) },
      parts,
    );
  writeFileSync(log, 'ERROR at the start\n');
  said.push({ at: '2026-01-01T00:00:00.000000001Z', text: 'ERROR at the start' });
  const begun = await count({ 'r8-web-1': null, 'r8-api-1': null });
  expect(begun).toEqual([
    { id: 'r8-web-1', matches: 0, upTo: '19' },
    { id: 'r8-api-1', matches: 0, upTo: '2026-01-01T00:00:00.000000001Z' },
  ]);
  appendFileSync(log, 'ERROR one\nfine\nERROR tw');
  said.push({ at: '2026-01-01T00:00:00.000000002Z', text: 'an ERROR' });
  const next = await count(Object.fromEntries(begun.map(({ id, upTo }) => [id, upTo])));
  expect(next).toEqual([
    { id: 'r8-web-1', matches: 1, upTo: '34' },
    { id: 'r8-api-1', matches: 1, upTo: '2026-01-01T00:00:00.000000002Z' },
  ]);
  appendFileSync(log, 'o\n');
  expect((await count({ 'r8-web-1': '34' }))[0]).toEqual({ id: 'r8-web-1', matches: 1, upTo: '44' });
  truncateSync(log);
  appendFileSync(log, 'ERROR anew\n');
  expect((await count({ 'r8-web-1': '44' }))[0]).toEqual({ id: 'r8-web-1', matches: 1, upTo: '11' });
});

test('a pattern that takes for ever is given up', async () => {
  const { parts, log } = copies();
  writeFileSync(log, `${'a'.repeat(40)}!\n`);
  await expect(
    countLines(scope, { pattern: '^(a+)+$', copies: [{ id: 'r8-web-1', after: '0' }] }, parts),
  ).rejects.toThrow('the pattern ^(a+)+$ takes longer than a second on what the copies have said');
});
