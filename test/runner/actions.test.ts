import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { artifactsOf } from '../../src/runner/index.ts';
import { jobWith, Rig } from './rig.ts';

let rig: Rig;
beforeAll(() => {
  rig = new Rig();
});
afterAll(() => rig[Symbol.dispose]());

const texts = (log: { text: string }[]) => log.map(({ text }) => text);

describe('actions/checkout', () => {
  test('brings the commit on its branch, one deep, with a git that works', async () => {
    rig.commitFiles({ 'src/a.txt': 'a\n', '.gitignore': 'ignored\n' }, 'second');
    const job = rig.job(
      jobWith(`
- uses: actions/checkout@v4
- run: |
    git rev-parse HEAD; git rev-parse --abbrev-ref HEAD; git log --oneline | wc -l
    git status --porcelain; cat src/a.txt`),
    );
    await job.work();
    expect(await job.output()).toEqual([rig.commit, 'main', '1', 'a']);
  });

  test('brings the whole history with fetch-depth: 0, tags included', async () => {
    rig.git('tag', 'v1');
    const job = rig.job(
      jobWith(`
- uses: actions/checkout@v4
  with: { fetch-depth: 0 }
- run: git log --oneline | wc -l; git tag; git branch --remotes`),
    );
    await job.work();
    expect(await job.output()).toEqual([rig.git('rev-list', '--count', 'HEAD'), 'v1', '  origin/main']);
  });

  test('into a path of its own leaves what stands beside it', async () => {
    const job = rig.job(
      jobWith(`
- run: touch kept
- uses: actions/checkout@v4
  with: { path: code }
- run: ls; ls code`),
    );
    await job.work();
    expect(await job.output()).toEqual(['code', 'kept', 'README.md', 'package-lock.json', 'src']);
  });

  test('a commit that is not in the repository is named', async () => {
    const job = rig.job(jobWith('- uses: actions/checkout@v4'));
    const { commit } = rig;
    rig.commit = '0123456789012345678901234567890123456789';
    const lost = rig.job(jobWith('- uses: actions/checkout@v4'));
    rig.commit = commit;
    const report = await lost.work();
    expect(report.steps[0]?.error?.message).toContain('0123456789012345678901234567890123456789');
    expect((await job.work()).result).toBe('success');
  });
});

describe('artifacts', () => {
  test('go from job to job with modes, below their least common directory, hidden files left out', async () => {
    const up = rig.job(
      jobWith(`
- run: |
    mkdir -p out/deep out/.hidden; echo x > out/a.txt; echo y > out/deep/run.sh; chmod +x out/deep/run.sh
    echo z > out/.hidden/secret
- id: up
  uses: actions/upload-artifact@v4
  with: { name: dist, path: out }
- run: test -n "\${{ steps.up.outputs.artifact-digest }}"`),
      { run: 'one' },
    );
    const report = await up.work();
    expect(report.result).toBe('success');
    expect(report.artifacts).toEqual(['dist']);
    const [artifact] = await artifactsOf(up.spec.directories.artifacts);
    expect(artifact).toMatchObject({
      name: 'dist',
      rootDirectory: 'out',
      files: [
        { path: 'a.txt', executable: false },
        { path: 'deep/run.sh', executable: true },
      ],
    });
    const down = rig.job(
      jobWith(`
- uses: actions/download-artifact@v4
  with: { name: dist, path: got }
- uses: actions/download-artifact@v4
- run: find got dist -type f | sort; test -x got/deep/run.sh`),
      { run: 'one' },
    );
    expect((await down.work()).result).toBe('success');
    expect(await down.output()).toEqual(['dist/a.txt', 'dist/deep/run.sh', 'got/a.txt', 'got/deep/run.sh']);
  });

  test('keep their name: a second upload is refused unless it may overwrite', async () => {
    const job = rig.job(
      jobWith(`
- run: echo 1 > f
- uses: actions/upload-artifact@v4
  with: { path: f }
- uses: actions/upload-artifact@v4
  with: { path: f }
  continue-on-error: true
- run: echo 2 > f
- uses: actions/upload-artifact@v4
  with: { path: f, overwrite: true }`),
      { run: 'two' },
    );
    const report = await job.work();
    expect(report.steps[2]?.error?.message).toMatch(
      /^an artifact named "artifact" already exists in this run/,
    );
    expect(report.result).toBe('success');
    const [artifact] = await artifactsOf(job.spec.directories.artifacts);
    expect(readFileSync(join(artifact?.filesDirectory ?? '', 'f'), 'utf8')).toBe('2\n');
  });

  test('nothing to upload is a warning, or an error when asked', async () => {
    const job = rig.job(
      jobWith(`
- uses: actions/upload-artifact@v4
  with: { path: none }
- uses: actions/upload-artifact@v4
  with: { path: none, if-no-files-found: error }`),
      { run: 'three' },
    );
    const report = await job.work();
    expect(report.annotations.map(({ level }) => level)).toEqual(['warning']);
    expect(report.steps[1]?.outcome).toBe('failure');
  });

  test('one that nobody uploaded is refused with those that are there', async () => {
    const job = rig.job(jobWith('- uses: actions/download-artifact@v4\n  with: { name: nope }'), {
      run: 'one',
    });
    const report = await job.work();
    expect(report.steps[0]?.error?.message).toContain('= artifacts so far: "dist"');
  });
});

describe('actions/cache', () => {
  const steps = (key: string, more: string = '') => `
- id: cache
  uses: actions/cache@v4
  with:
    key: ${key}
    restore-keys: deps-
    path: |
      node_modules
      ~/.tool
- run: |
    echo "hit=\${{ steps.cache.outputs.cache-hit }}"
    cat node_modules/a ~/.tool/b || true
    mkdir -p node_modules ~/.tool; echo ${key} > node_modules/a; echo b > ~/.tool/b; ln -sf a node_modules/link
${more}`;

  test('misses once, hits from then on, falls back to the newest that starts alike', async () => {
    const first = rig.job(jobWith(steps('deps-1')));
    await first.work();
    expect(await first.output()).toContain('hit=');
    expect(texts(await first.log())).toContain('Cache saved with key: deps-1');
    const second = rig.job(jobWith(steps('deps-1')));
    await second.work();
    expect(await second.output()).toEqual(['hit=true', 'deps-1', 'b']);
    const third = rig.job(jobWith(steps('deps-2')));
    await third.work();
    expect(await third.output()).toEqual(['hit=false', 'deps-1', 'b']);
  });

  test('is not saved by a job that failed', async () => {
    const failing = rig.job(jobWith(steps('deps-broken', '- run: exit 1')));
    await failing.work();
    const after = rig.job(jobWith(steps('deps-broken')));
    await after.work();
    expect(await after.output()).toContain('hit=false');
  });
});

describe('post steps', () => {
  test('run last in, first out', async () => {
    const cache = (key: string) => `
- uses: actions/cache@v4
  name: ${key}
  with: { key: ${key}, path: ${key} }
- run: mkdir ${key} && touch ${key}/x`;
    const job = rig.job(jobWith(cache('one') + cache('two')));
    const report = await job.work();
    expect(report.steps.filter(({ kind }) => kind === 'post').map(({ name }) => name)).toEqual([
      'Post two',
      'Post one',
    ]);
  });
});

describe('actions/setup-node', () => {
  const major = process.versions.node.split('.')[0] ?? '';

  test('puts the very version on PATH, with an npm of its line', { timeout: 120_000 }, async () => {
    rig.commitFiles({ '.nvmrc': `v${process.versions.node}\n` }, 'nvmrc');
    const job = rig.job(
      jobWith(`
- uses: actions/checkout@v4
- id: node
  uses: actions/setup-node@v4
  with: { node-version-file: .nvmrc }
- run: node --version; command -v node; npm --version | cut -d. -f1; echo "\${{ steps.node.outputs.node-version }}"`),
    );
    const report = await job.work();
    expect(report.nodeVersion).toBe(process.versions.node);
    const [version, path, npm, output] = await job.output();
    expect([version, output]).toEqual([process.version, process.version]);
    expect(path?.startsWith(job.spec.directories.tools)).toBe(true);
    expect(Number(npm)).toBeGreaterThanOrEqual(10);
  });

  test('several jobs may install it at once', { timeout: 120_000 }, async () => {
    using one = new Rig();
    const yaml = jobWith(
      `- uses: actions/setup-node@v4\n  with: { node-version: ${major} }\n- run: npm --version`,
    );
    const reports = await Promise.all([one.job(yaml).work(), one.job(yaml).work(), one.job(yaml).work()]);
    expect(reports.map(({ result }) => result)).toEqual(['success', 'success', 'success']);
  });

  test('without npm another version is refused, never substituted', async () => {
    const job = rig.job(jobWith('- uses: actions/setup-node@v4\n  with: { node-version: "4.0.1" }'), {
      machineEnv: { PATH: '/nowhere' },
    });
    const report = await job.work();
    expect(report.result).toBe('failure');
    expect(report.nodeVersion).toBeNull();
    expect(report.steps[0]?.error?.message).toMatch(
      /^another Node\.js version has to be installed, and there is no npm/,
    );
    expect(existsSync(join(job.spec.directories.tools, 'node', '4.0.1'))).toBe(false);
  });

  test('cache: npm keeps what npm downloaded, by the lock file', { timeout: 120_000 }, async () => {
    const yaml = jobWith(`
- uses: actions/checkout@v4
- id: node
  uses: actions/setup-node@v4
  with: { node-version: ${major}, cache: npm }
- run: echo "hit=\${{ steps.node.outputs.cache-hit }}"; mkdir -p ~/.npm; touch ~/.npm/x`);
    const first = rig.job(yaml);
    await first.work();
    const second = rig.job(yaml);
    await second.work();
    expect([await first.output(), await second.output()]).toEqual([['hit=false'], ['hit=true']]);
  });

  test(
    'cache: npm leaves a cache alone that all jobs of the machine share',
    { timeout: 120_000 },
    async () => {
      const shared = join(rig.root, 'npm-of-the-machine');
      mkdirSync(shared);
      writeFileSync(join(shared, 'of-another-job'), '');
      const yaml = jobWith(`
- uses: actions/checkout@v4
- id: node
  uses: actions/setup-node@v4
  with: { node-version: ${major}, cache: npm, cache-dependency-path: README.md }
- run: echo "hit=\${{ steps.node.outputs.cache-hit }}"; rm -f "$npm_config_cache/of-another-job"`);
      const machineEnv = { PATH: process.env['PATH'] ?? '', npm_config_cache: shared };
      const first = rig.job(yaml, { machineEnv });
      await first.work();
      const second = rig.job(yaml, { machineEnv });
      await second.work();
      expect([await first.output(), await second.output()]).toEqual([['hit=false'], ['hit=false']]);
      expect((await second.log()).map(({ text }) => text)).toContain(
        `The cache of npm is ${shared}, which all jobs share: there is nothing to restore or save.`,
      );
      expect(existsSync(join(shared, 'of-another-job'))).toBe(false);
    },
  );
});
