import { describe, expect, test } from 'vitest';
import { planRelease } from './index.ts';
import type { ReleaseFacts } from './index.ts';

const lock = JSON.stringify({
  packages: { '': {}, 'node_modules/pg': {}, 'node_modules/vitest': { dev: true } },
});
const devLock = JSON.stringify({ packages: { '': {}, 'node_modules/vitest': { dev: true } } });

function plan(facts: Partial<ReleaseFacts>) {
  return planRelease({
    rules: { artifact: null, install: null },
    kind: 'procfile',
    artifactNames: [],
    packageJson: '{"dependencies":{"pg":"^8"}}',
    packageLock: lock,
    hasNodeModules: false,
    ...facts,
  });
}

describe('the artifact of a release', () => {
  test('is the one that slipway.yml names', () => {
    const planned = plan({ rules: { artifact: 'web', install: null }, artifactNames: ['release', 'web'] });
    expect(planned.artifact).toBe('web');
    expect(planned.lines[1]).toBe('artifact "web" over them, as slipway.yml says');
  });

  test('is else the first usual one, in a fixed order', () => {
    expect(plan({ artifactNames: ['build', 'coverage', 'dist'] })).toMatchObject({
      artifact: 'dist',
      lines: [
        'files of the commit',
        'artifact "dist" over them, the first that exists of "release", "dist", "build"',
        'production dependencies by "npm ci --omit=dev", because package-lock.json has some and node_modules is not there',
      ],
      findings: [],
    });
    expect(plan({ artifactNames: ['coverage'] })).toMatchObject({ artifact: null, findings: [] });
  });

  test('is missed with the ones that exist', () => {
    const [finding] = plan({ rules: { artifact: 'distt', install: null }, artifactNames: ['dist'] }).findings;
    expect(finding).toMatchObject({
      code: 'release/no-artifact',
      message: 'release.artifact names "distt", which the pipeline does not upload',
      notes: ['uploaded: "dist"'],
      help: 'did you mean "dist"?',
    });
  });
});

describe('production dependencies', () => {
  test.each<[string, Partial<ReleaseFacts>, boolean, string]>([
    ['slipway.yml says no', { rules: { artifact: null, install: false } }, false, 'as slipway.yml says'],
    [
      'slipway.yml says yes',
      { rules: { artifact: null, install: true }, packageLock: devLock },
      true,
      'as slipway.yml says',
    ],
    ['the lock file has some', {}, true, 'because package-lock.json has some'],
    ['the lock file is an old one', { packageLock: '{"dependencies":{"pg":{}}}' }, true, 'because'],
    [
      'the lock file links workspaces',
      { packageJson: '{}', packageLock: '{"packages":{"node_modules/@a/b":{"link":true}}}' },
      true,
      'because',
    ],
    ['node_modules is there', { hasNodeModules: true }, false, 'node_modules is there already'],
    ['all are for development', { packageLock: devLock }, false, 'has none for production'],
    ['there is nothing to install', { packageJson: null, packageLock: null }, false, 'package.json has none'],
  ])('when %s', (_, facts, install, reason) => {
    const planned = plan(facts);
    expect(planned.install).toBe(install);
    expect(planned.lines[2]).toContain(reason);
    expect(planned.findings).toEqual([]);
  });

  test('without a lock file are refused, with the command that makes one', () => {
    for (const install of [null, true]) {
      const [finding] = plan({ packageLock: null, rules: { artifact: null, install } }).findings;
      expect(finding?.code).toBe('release/no-lockfile');
      expect(finding?.help).toContain('npm install --package-lock-only');
    }
  });
});
