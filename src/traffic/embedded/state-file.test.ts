import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadState, saveState, type StoredScope } from './state-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-state-'));
  path = join(folder, 'routes');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const scopes = (fence: number): StoredScope[] => [
  {
    routes: {
      scope: 's',
      hosts: ['*'],
      revisions: [],
      pins: [],
      sticky: false,
      maintenance: false,
      rateLimit: null,
    },
    fence,
  },
];

test('nothing there is a first start', async () => {
  expect(await loadState(path)).toEqual({ source: 'none', scopes: [], problems: [] });
});

test('what was saved last is loaded, and no other files stay than the copy before', async () => {
  for (const fence of [1, 2, 3]) await saveState(path, scopes(fence));
  expect(await loadState(path)).toEqual({ source: 'current', scopes: scopes(3), problems: [] });
  expect(await readdir(folder)).toEqual(['routes', 'routes.previous']);
});

test.each(['', '{', '{"format":1,"sha256":"0"}\n{"scopes":[]}\n', '{"format":9}\n'])(
  'a file that reads %j is moved aside, and the copy before is in force',
  async (damage) => {
    await saveState(path, scopes(1));
    await saveState(path, scopes(2));
    await writeFile(path, damage);
    const state = await loadState(path);
    expect([state.source, state.scopes, state.problems.length]).toEqual(['previous', scopes(1), 1]);
    expect(await readFile(`${path}.damaged`, 'utf8')).toBe(damage);
    await saveState(path, scopes(3));
    expect((await loadState(path)).scopes).toEqual(scopes(3));
    await writeFile(path, 'x');
    expect((await loadState(path)).scopes).toEqual(scopes(1));
  },
);

test('a file cut off in the middle is damaged', async () => {
  await saveState(path, scopes(1));
  const text = await readFile(path, 'utf8');
  for (const length of [10, text.length / 2, text.length - 3]) {
    await writeFile(path, text.slice(0, length));
    expect((await loadState(path)).source).toBe('damaged');
  }
});

test('a file that is gone while its copy is there is not a first start', async () => {
  await saveState(path, scopes(1));
  await saveState(path, scopes(2));
  await rm(path);
  expect(await loadState(path)).toMatchObject({
    source: 'previous',
    scopes: scopes(1),
    problems: [`${path} is missing`],
  });
});
