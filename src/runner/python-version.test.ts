import { describe, expect, test } from 'vitest';
import { newestPython, pythonRange } from './python-version.ts';

const here = ['3.9.18', '3.12.1', '3.12.7', '3.14.0rc2'].map((version) => ({
  version,
  path: `/py/${version}`,
}));
const chosen = (wanted: string, prereleases = false) =>
  newestPython(here, pythonRange(wanted), prereleases)?.version ?? null;

describe('python-version', () => {
  test.each([
    ['3.12', '3.12.7'],
    ['3.12.1', '3.12.1'],
    ['3.x', '3.12.7'],
    ['3', '3.12.7'],
    ['>=3.9,<3.12', '3.9.18'],
    ['~=3.9', '3.12.7'],
    ['~=3.12.0', '3.12.7'],
    ['==3.9.*', '3.9.18'],
    ['python-3.9', '3.9.18'],
    ['3.14', null],
    ['3.8', null],
  ])('%s means %s', (wanted, expected) => {
    expect(chosen(wanted)).toBe(expected);
  });

  test('a release candidate only where it is asked for', () => {
    expect(chosen('3.14', true)).toBe('3.14.0rc2');
  });

  test('anything else is refused', () => {
    expect(() => pythonRange('newest')).toThrow('"newest" is no version of Python');
    expect(() => pythonRange('')).toThrow('is no version of Python');
  });
});
