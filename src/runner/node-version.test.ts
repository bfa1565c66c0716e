import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ltsMajors, parseNodeRequest, readVersionFile } from './node-version.ts';
import { npmMajorFor } from './toolchain.ts';

describe('the Node that a workflow asks for', () => {
  test.each([
    ['24', { kind: 'range', range: '24' }],
    ['v24.9.0', { kind: 'range', range: '24.9.0' }],
    ['>=22 <25', { kind: 'range', range: '>=22 <25' }],
    ['lts/jod', { kind: 'range', range: '22.x' }],
    ['lts/*', { kind: 'lts', offset: 0 }],
    ['lts/-1', { kind: 'lts', offset: 1 }],
    ['latest', { kind: 'latest' }],
  ])('%s', (text, expected) => {
    expect(parseNodeRequest(text)).toEqual(expected);
  });

  test('an unknown line is refused with those that are known', () => {
    expect(() => parseNodeRequest('lts/zinc')).toThrow('there is no long-term line "zinc" of Node.js');
  });

  test('a line is long-term from the end of October of its year', () => {
    const majors = [18, 20, 22, 23, 24, 25, 26];
    expect(ltsMajors(majors, new Date('2026-10-01'))).toEqual([24, 22, 20, 18]);
    expect(ltsMajors(majors, new Date('2026-11-01'))).toEqual([26, 24, 22, 20, 18]);
  });

  test.each([
    ['18.20.0', 10],
    ['20.1.0', 10],
    ['22.0.0', 10],
    ['24.1.0', 11],
    ['26.10.0', 11],
  ])('Node %s comes with npm %i', (version, npm) => {
    expect(npmMajorFor(version)).toBe(npm);
  });
});

describe('a file that says the version', () => {
  const runtime = { name: 'node', version: '>=24' };
  test.each([
    ['.nvmrc', '# ours\nv22.11.0\n', 'v22.11.0'],
    ['.node-version', 'lts/*\n', 'lts/*'],
    ['.tool-versions', 'python 3.12.1\nnodejs 20.1.0 # old\n', '20.1.0'],
    ['package.json', JSON.stringify({ engines: { node: '>=20' } }), '>=20'],
    ['package.json', JSON.stringify({ engines: { node: '>=20' }, devEngines: { runtime } }), '>=24'],
    ['package.json', JSON.stringify({ devEngines: { runtime: [{ name: 'bun' }, runtime] } }), '>=24'],
    ['package.json', JSON.stringify({ devEngines: { runtime }, volta: { node: '22.1.0' } }), '22.1.0'],
    ['package.json', JSON.stringify({ volta: { extends: './other.json' } }), '18.0.0'],
    ['package.json', '{}', null],
  ])('%s with %j', (name, text, expected) => {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-version-'));
    try {
      writeFileSync(join(folder, 'other.json'), JSON.stringify({ volta: { node: '18.0.0' } }));
      writeFileSync(join(folder, name), text);
      expect(readVersionFile(join(folder, name))).toBe(expected);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
