/**
 * What a step costs: one job of a hundred trivial steps, beside the floor that every runner pays for them: a script file,
 * five command files, `bash -e`, reading them back, removing them. Run `node bench/steps.ts`; one JSON line a row with
 * `--json`. Job and floor take turns, so that a busy machine slows both.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Control } from '../src/runner/control.ts';
import { runJob } from '../src/runner/job-worker.ts';
import { prepareJob, type JobSpec } from '../src/runner/index.ts';
import { parseWorkflow } from '../src/workflow/index.ts';

const { values } = parseArgs({
  options: { steps: { type: 'string' }, rounds: { type: 'string' }, json: { type: 'boolean' } },
});
const stepCount = Number(values.steps ?? 100);
const rounds = Number(values.rounds ?? 9);
const root = mkdtempSync(join(tmpdir(), 'slipway-bench-steps-'));

async function floor(folder: string): Promise<void> {
  mkdirSync(folder);
  for (let step = 0; step < stepCount; step++) {
    const script = join(folder, `${step}.sh`);
    writeFileSync(script, 'true\n', { mode: 0o755 });
    const names = ['env', 'output', 'path', 'state', 'summary'];
    const files = names.map((name) => join(folder, `${name}-${step}`));
    for (const file of files) closeSync(openSync(file, 'w'));
    await bash(script);
    for (const file of files) readFileSync(file, 'utf8');
    for (const file of [script, ...files]) unlinkSync(file);
  }
}

/** Both of its streams are pipes that are read to their end, as a runner must. */
function bash(script: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/bash', ['-e', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.resume();
    child.stderr.resume();
    child.once('close', () => resolve());
    child.once('error', reject);
  });
}

function specOf(directory: string): JobSpec {
  const steps = '      - run: "true"\n'.repeat(stepCount);
  const file = '.github/workflows/ci.yml';
  const parsed = parseWorkflow(
    `on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n${steps}`,
    file,
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.findings));
  const [job] = parsed.value.jobs;
  if (job?.kind !== 'steps') throw new Error('the job has no steps');
  const github = { event: {}, ref: 'refs/heads/main', sha: '0'.repeat(40), repository: 'shop/shop' };
  const contexts = {
    github,
    needs: {},
    matrix: null,
    strategy: {},
    vars: {},
    inputs: {},
    secrets: { TOKEN: 'hush-hush' },
  };
  const directories = Object.fromEntries(
    ['workspace', 'temp', 'home', 'artifacts', 'cache', 'tools'].map((name) => [name, join(directory, name)]),
  );
  return {
    job,
    workflow: parsed.value,
    contexts,
    source: { gitDirectory: '', commit: github.sha, ref: github.ref },
    directories,
    machineEnv: { PATH: process.env['PATH'] ?? '' },
    deploys: 'report',
  } as unknown as JobSpec;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

const median = (samples: number[]) => [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? 0;

const floorMs: number[] = [];
const jobMs: number[] = [];
try {
  for (let round = 0; round <= rounds; round++) {
    const directory = join(root, `job-${round}`);
    const spec = specOf(directory);
    prepareJob(spec, directory);
    const floorTook = await timed(() => floor(join(root, `floor-${round}`)));
    const jobTook = await timed(async () => {
      const report = await runJob(spec, directory, new Control(), {});
      if (report.result !== 'success') throw new Error(`the job ended with ${report.result}`);
    });
    // The first round warms up.
    if (round > 0) {
      floorMs.push(floorTook);
      jobMs.push(jobTook);
    }
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}

const rows = [
  { what: `floor, ${stepCount} steps`, medianMs: median(floorMs), perStepMs: median(floorMs) / stepCount },
  { what: `job, ${stepCount} steps`, medianMs: median(jobMs), perStepMs: median(jobMs) / stepCount },
  { what: 'job / floor', ratio: median(jobMs.map((ms, round) => ms / (floorMs[round] ?? Number.NaN))) },
];
for (const row of rows) {
  const rounded = Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'number' ? Number(value.toFixed(2)) : value,
    ]),
  );
  if (values.json) console.log(JSON.stringify(rounded));
  else
    console.log(
      Object.entries(rounded)
        .map(([name, value]) => (name === 'what' ? `${value}:` : `${name} ${value}`))
        .join('  '),
    );
}
