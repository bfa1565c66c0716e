import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { machineEnvironment, type JobReport } from '../../src/runner/index.ts';
import { jobWith, Rig, type RigJob, type SpecChanges } from '../runner/rig.ts';

const kit = join(import.meta.dirname, 'toolkits');
const modules = installToolkits();

/** Installed as their users do; null without a registry, which in CI is a failure. */
function installToolkits(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-toolkits-'));
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(kit, file), join(folder, file));
  try {
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], {
      cwd: folder,
      stdio: 'pipe',
    });
    return join(folder, 'node_modules');
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    if (process.env['CI']) throw error;
    return null;
  }
}

describe.skipIf(modules === null)("GitHub's toolkits (npm ci in test/real/toolkits must work)", () => {
  let rig: Rig;
  beforeAll(() => {
    rig = new Rig();
    const files = readdirSync(join(kit, 'action'));
    const texts = files.map((file) => [`kit/${file}`, readFileSync(join(kit, 'action', file), 'utf8')]);
    // Names whose order tells a walk by directories from one by whole paths.
    const ordered = { 'a.json': '1', 'a/b.json': '2', 'a-b.json': '3', 'a/b/c.json': '4', 'B.json': '5' };
    rig.commitFiles({ ...(Object.fromEntries(texts) as Record<string, string>), ...ordered }, 'the action');
  });
  afterAll(() => {
    rig[Symbol.dispose]();
    if (modules !== null) rmSync(join(modules, '..'), { recursive: true, force: true });
  });

  const setUp = `
- uses: actions/checkout@v4
- run: ln -s '${modules}' kit/node_modules`;

  async function succeeded(job: RigJob): Promise<JobReport> {
    const report = await job.work();
    const log = (await job.log()).map(({ text }) => text).join('\n');
    expect(report.result, log.slice(-6000)).toBe('success');
    return report;
  }

  /** What was printed before the action's second half, which comes last. */
  const printed = async (job: RigJob) =>
    (await job.output()).filter((line) => !/^the state of .* came back$/.test(line));

  // As the server passes it on: another Node.js may have to come through a proxy, or by certificates of one's own.
  const machineEnv = machineEnvironment(process.env, { PATH: process.env['PATH'] ?? '' });
  const job = (steps: string, changes: SpecChanges = {}) =>
    rig.job(jobWith(setUp + steps, 'permissions: { id-token: write }'), { machineEnv, ...changes });

  test('artifacts go from job to job, and between the toolkit and the built-in actions', async () => {
    const up = job(
      `
- id: up
  uses: ./kit
  with: { part: artifacts-up }
- run: |
    test '\${{ steps.up.outputs.result }}' = 'made run.sh'
    mkdir -p out/bin; echo a > out/a.txt; echo b > out/bin/b; chmod +x out/bin/b
- uses: actions/upload-artifact@v4
  with: { name: built-in, path: out }`,
      { run: 'artifacts' },
    );
    await succeeded(up);
    const down = job(
      `
- id: down
  uses: ./kit
  with: { part: artifacts-down }
- run: test '\${{ steps.down.outputs.result }}' = 'a.txt bin bin/b'
- uses: actions/download-artifact@v4
  with: { name: made, path: again }
- run: ls again/many | wc -l; sh again/run.sh; stat -c %s again/large.bin`,
      { run: 'artifacts' },
    );
    await succeeded(down);
    expect((await printed(down)).slice(-3)).toEqual(['500', 'runs', String(50 * 1024 * 1024)]);
  });

  test('caches are missed, saved, taken, restored by a prefix, and shared with the built-in action', async () => {
    const first = job(`
- uses: ./kit
  with: { part: cache-save }
- run: mkdir built; echo built in > built/x.txt
- uses: actions/cache/save@v4
  with: { path: built, key: built-1 }`);
    await succeeded(first);
    const second = job(`
- uses: ./kit
  with: { part: cache-restore }
- run: rm -r kept
- id: cache
  uses: actions/cache@v4
  with:
    path: |
      kept
      ~/.tool
    key: tool-1
- run: cat kept/deep/a.txt; echo \${{ steps.cache.outputs.cache-hit }}`);
    await succeeded(second);
    expect((await printed(second)).slice(-2)).toEqual(['from the toolkit', 'true']);
  });

  test('an ID token verifies against the keys of its issuer, and the key stays from job to job', async () => {
    const run = async () => {
      const asked = job(`
- id: token
  uses: ./kit
  with: { part: id-token }
- run: echo '\${{ steps.token.outputs.result }}'; echo '\${{ steps.token.outputs.key }}'; test -n "$ACTIONS_ID_TOKEN_REQUEST_URL"; test -z "$ACTIONS_RUNTIME_TOKEN"`);
      await succeeded(asked);
      return (await printed(asked)).slice(-2);
    };
    const [claims, key] = await run();
    expect(claims).toBe(
      'repo:local/shop:ref:refs/heads/main https://github.com/local local/shop/.github/workflows/ci.yml@refs/heads/main',
    );
    expect((await run())[1]).toBe(key);
  });

  test('a job without the permission gets no ID token', async () => {
    const asked = rig.job(jobWith(`${setUp}\n- uses: ./kit\n  with: { part: id-token }`), { machineEnv });
    const report = await asked.work();
    expect(report.result).toBe('failure');
    const log = (await asked.log()).map(({ text }) => text).join('\n');
    expect(log).toContain('Unable to get ACTIONS_ID_TOKEN_REQUEST_URL');
  });

  test('masks, variables, paths, state, groups, annotations, the summary, globs and programs work', async () => {
    const all = job(`
- id: all
  uses: ./kit
  with: { part: core, given: "\${{ hashFiles('**/*.json', '!kit/**') }}" }
- run: my-tool; echo "$FROM_CORE"; echo '\${{ fromJSON(steps.all.outputs.result).as }}'; echo 'hunter2 & co'`);
    const report = await succeeded(all);
    expect((await printed(all)).slice(-5)).toContain('my tool runs');
    expect((await all.output()).join('\n')).toContain('the state of core came back');
    const log = (await all.log()).map(({ text }) => text).join('\n');
    expect(log).not.toContain('hunter2');
    expect(log).not.toContain(Buffer.from('hunter2 & co').toString('base64'));
    expect(log).toContain('several');
    expect(report.annotations).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          level: 'warning',
          message: 'look out',
          title: 'Careful',
          file: 'README.md',
        }),
        expect.objectContaining({ level: 'notice', message: 'by the way' }),
      ]),
    );
    expect(existsSync(report.summaryFile)).toBe(true);
    expect(readFileSync(report.summaryFile, 'utf8')).toContain('<h1>All well</h1>');
  });
});
