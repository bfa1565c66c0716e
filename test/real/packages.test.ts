import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import type { LocalView } from '../../src/local/index.ts';
import { machineEnvironment } from '../../src/runner/index.ts';

/** A package by others whose own workflow has to pass here as it is. docs/packages.md tells about each. */
interface Package {
  name: string;
  version: string;
  /** In .github/workflows of the package. */
  workflow: string;
  event: string;
  /** Combinations that are run, to spare the time of the others; `axis:value`. */
  matrix: string[];
  /** Names of the jobs that run. */
  passed: string[];
  /** Names of those that do not, each with the reason that is said. */
  skipped: Record<string, string>;
  /** Left to SLIPWAY_PACKAGES=all: its workflow uses actions that others use as well. */
  onlySoak: boolean;
}

const wanted = process.env['SLIPWAY_PACKAGES'] ?? 'few';
const all = JSON.parse(readFileSync(join(import.meta.dirname, 'packages.json'), 'utf8')) as Package[];
const packages = all.filter(({ onlySoak }) => wanted === 'all' || !onlySoak);
const bin = resolve('bin/slipway.js');
const root = mkdtempSync(join(tmpdir(), 'slipway-packages-'));
// Hundreds of thousands of files, which a slow disk takes its time for.
afterAll(() => rm(root, { recursive: true, force: true, maxRetries: 5 }), 900_000);

/** The machine as its user sees it: no programs of this project on PATH, which a package could take for its own. */
const path = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);
const env = {
  ...machineEnvironment(process.env, { PATH: `${dirname(process.execPath)}${delimiter}${path}` }),
  HOME: process.env['HOME'] ?? root,
};

/** Fetches every tarball; without a registry false, which in CI is a failure. */
function fetchPackages(): boolean {
  const specs = packages.map(({ name, version }) => `${name}@${version}`);
  try {
    execFileSync('npm', ['pack', '--silent', '--pack-destination', root, ...specs], {
      cwd: root,
      env,
      stdio: 'pipe',
    });
    return true;
  } catch (error) {
    if (process.env['CI']) throw error;
    return false;
  }
}

/** The package as it was published, as the only commit of a repository. */
function repositoryOf({ name, version }: Package): string {
  const directory = join(root, name);
  mkdirSync(directory);
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...words], {
      cwd: directory,
      env,
    });
  execFileSync('tar', [
    '-xzf',
    join(root, `${name}-${version}.tgz`),
    '--strip-components=1',
    '-C',
    directory,
  ]);
  git('init', '--quiet', '--initial-branch=main');
  // Also what a .gitignore names: the published files are all there is.
  git('add', '--all', '--force');
  git('commit', '--quiet', '--message', `${name} ${version}`);
  return directory;
}

describe.skipIf(!fetchPackages())('the workflow of a package by others (npm pack must work)', () => {
  // Two at a time, as vitest.config.ts says: what one downloads, the other may compute beside.
  test.concurrent.for(packages)(
    '$name $version passes as it is',
    { timeout: 1_800_000 },
    async (each, { expect }) => {
      const directory = repositoryOf(each);
      const filters = each.matrix.flatMap((one) => ['--matrix', one]);
      // Packages ask for much that is the same: what npm has downloaded for one is there for the next.
      const settings = [`npm_config_cache=${join(root, 'npm')}`, 'npm_config_prefer_offline=true'];
      const shared = settings.flatMap((setting) => ['--env', setting]);
      const words = ['run', each.event, '-W', `.github/workflows/${each.workflow}`, ...filters, ...shared];
      const ended = await runSlipway([...words, '--json', '--home', join(root, 'home')], directory);
      const view = lastView(ended.out);
      const jobs = view?.runs.flatMap((run) => run.jobs) ?? [];
      const named = (state: string) => jobs.filter((job) => job.state === state);
      expect(ended.code, `${ended.err}\n${printedBy(ended.out).slice(-80).join('\n')}`).toBe(0);
      expect(named('success').map(({ name }) => name)).toEqual(each.passed);
      expect(
        Object.fromEntries(named('skipped').map((job) => [job.name, job.because ?? job.reason])),
      ).toEqual(each.skipped);
      expect(jobs).toHaveLength(each.passed.length + Object.keys(each.skipped).length);
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  );
});

/** Runs the command to its end. */
async function runSlipway(
  words: string[],
  cwd: string,
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [bin, ...words], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  const code = await new Promise<number | null>((done) => {
    child.once('close', done);
  });
  return { code, ...said };
}

type Said = { kind: 'line'; jobName: string; text: string } | ({ kind: 'run' } & LocalView);

function said(out: string): Said[] {
  return out.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Said] : []));
}

function lastView(out: string): LocalView | undefined {
  return said(out).findLast((each) => each.kind === 'run');
}

function printedBy(out: string): string[] {
  return said(out).flatMap((each) => (each.kind === 'line' ? [`${each.jobName} | ${each.text}`] : []));
}
