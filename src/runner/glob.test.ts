import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { glob } from './glob.ts';
import { hashFiles } from './hash-files.ts';

describe('patterns', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'slipway-glob-'));
    const files = [
      'a.txt',
      'b.md',
      '.env',
      'dist/x.js',
      'dist/.hidden/y.js',
      'dist/sub/z.js',
      'pkg/[a]/package-lock.json',
    ];
    for (const file of files) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), file);
    }
    symlinkSync('.', join(root, 'dist/loop'));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const find = (patterns: string[], excludeHidden: boolean = false) =>
    glob(patterns, { root, home: '/home/x', excludeHidden }).files.map((file) => file.slice(root.length + 1));

  test.each([
    [['*.txt'], ['a.txt']],
    [['dist'], ['dist/.hidden/y.js', 'dist/sub/z.js', 'dist/x.js']],
    [['dist/'], ['dist/.hidden/y.js', 'dist/sub/z.js', 'dist/x.js']],
    [['dist/*.js'], ['dist/x.js']],
    [
      ['**/*.js', '!dist/sub'],
      ['dist/.hidden/y.js', 'dist/x.js'],
    ],
    [['dist/**', '!**/*.js', 'dist/x.js'], ['dist/x.js']],
    [['# a comment', '', '?.md'], ['b.md']],
    [['[ab].*'], ['a.txt', 'b.md']],
    [['**/package-lock.json'], ['pkg/[a]/package-lock.json']],
    [['nothing/**'], []],
  ])('%j', (patterns, expected) => {
    expect(find(patterns)).toEqual(expected);
  });

  test('hidden files stay out when asked', () => {
    expect(find(['.'], true)).toEqual([
      'a.txt',
      'b.md',
      'dist/sub/z.js',
      'dist/x.js',
      'pkg/[a]/package-lock.json',
    ]);
    expect(find(['.env'], true)).toEqual([]);
  });

  test('hashFiles is the digest of the digests, and empty without a match', () => {
    expect(hashFiles(['*.txt\n*.md'], root, '/h')).toBe(hashFiles(['*.md', '*.txt'], root, '/h'));
    expect(hashFiles(['*.txt'], root, '/h')).toMatch(/^[0-9a-f]{64}$/);
    expect(hashFiles(['*.none'], root, '/h')).toBe('');
  });
});
