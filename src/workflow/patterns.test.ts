import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesPattern, matchesPatterns, patternProblem } from './index.ts';

/** The cases of GitHub's cheat sheet, and their opposites. */
const cases: [string, string, boolean][] = [
  ['main', 'main', true],
  ['main', 'Main', false],
  ['main', 'maint', false],
  ['feature/*', 'feature/my-branch', true],
  ['feature/*', 'feature/a/b', false],
  ['feature/*', 'feature/', true],
  ['feature/**', 'feature/beta-a/my-branch', true],
  ['feature/**', 'feature', false],
  ['*', 'main', true],
  ['*', 'releases/10', false],
  ['**', 'every/branch', true],
  ['**', '', true],
  ['*feature', 'mona-feature', true],
  ['*feature', 'feature', true],
  ['*feature', 'ver-10-feature', true],
  ['*feature', 'feature-x', false],
  ['v2*', 'v2.9', true],
  ['v[12].[0-9]+.[0-9]+', 'v1.10.1', true],
  ['v[12].[0-9]+.[0-9]+', 'v2.0.0', true],
  ['v[12].[0-9]+.[0-9]+', 'v3.0.0', false],
  ['v[12].[0-9]+.[0-9]+', 'v1..0', false],
  ['*.jsx?', 'page.js', true],
  ['*.jsx?', 'page.jsx', true],
  ['*.jsx?', 'page.jsxx', false],
  ['**.js', 'js/index.js', true],
  ['**.js', 'index.js', true],
  ['*.js', 'js/index.js', false],
  ['docs/*', 'docs/README.md', true],
  ['docs/*', 'docs/a/b.md', false],
  ['docs/**', 'docs/a/b.md', true],
  ['docs/**/*.md', 'docs/README.md', true],
  ['docs/**/*.md', 'docs/a/markdown/file.md', true],
  ['docs/**/*.md', 'doc/a.md', false],
  ['**/docs/**', 'dir/docs/my-file.txt', true],
  ['**/docs/**', 'docs/hello.md', true],
  ['**/docs/**', 'mydocs/hello.md', false],
  ['**/README.md', 'README.md', true],
  ['**/README.md', 'js/README.md', true],
  ['**/README.md', 'MYREADME.md', false],
  ['**/*src/**', 'a/src/app.js', true],
  ['**/*src/**', 'my-src/code/js/app.js', true],
  ['**/*-post.md', 'path/their-post.md', true],
  ['**/migrate-*.sql', 'db/sept/migrate-v1.sql', true],
  ['a.c', 'abc', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['[a-cx]1', 'b1', true],
  ['[a-cx]1', 'x1', true],
  ['[a-cx]1', 'd1', false],
  ['[CB]at', 'Cat', true],
  ['(a|b)', '(a|b)', true],
  ['$^.', '$^.', true],
];

describe('one pattern', () => {
  test.each(cases)('%s against %s is %s', (pattern, text, expected) => {
    expect(matchesPattern(pattern, text)).toBe(expected);
  });
});

describe('a list of patterns', () => {
  test.each([
    [['releases/**', '!releases/**-alpha'], 'releases/10', true],
    [['releases/**', '!releases/**-alpha'], 'releases/10-alpha', false],
    [['*.md', '!README.md', 'README*'], 'README.md', true],
    [['!README.md', '*.md'], 'README.md', true],
    [['!main'], 'other', false],
    [[], 'main', false],
  ] as [string[], string, boolean][])('%j against %s is %s', (patterns, text, expected) => {
    expect(matchesPatterns(patterns, text)).toBe(expected);
  });
});

test.each([
  ['', 'it is empty'],
  ['!', 'it is empty'],
  ['+x', '+ has nothing to repeat'],
  ['a??', '? has nothing to repeat'],
  ['*+', '+ has nothing to repeat'],
  ['[a-z', '[ is never closed'],
  ['[]', '[ ] must list characters or a range'],
  ['[z-a]', '[ ] must list characters or a range'],
  ['x\\', '\\ ends it'],
])('"%s" is no pattern: %s', (pattern, problem) => {
  expect(patternProblem(pattern)).toBe(problem);
});

test('a pattern made to explode ends at once', () => {
  expect(matchesPattern('**a'.repeat(60), 'a'.repeat(500) + 'b')).toBe(false);
});

test('whatever the pattern, matching never throws', () => {
  const signs = fc.array(fc.constantFrom('*', '**', '?', '+', '[', ']', 'a', '/', '\\', '!', '-'), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(signs, fc.string({ maxLength: 20 }), (pattern, text) => {
      expect(typeof matchesPattern(pattern.join(''), text)).toBe('boolean');
    }),
    { numRuns: 2000 },
  );
});
