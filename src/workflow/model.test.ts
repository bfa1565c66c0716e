import { describe, expect, test } from 'vitest';
import { parseWorkflow, type CallJob, type EnvMap, type StepsJob, type Workflow } from './index.ts';

function parse(text: string): Workflow {
  const parsed = parseWorkflow(text, 'ci.yml');
  if (!parsed.ok) throw new Error(parsed.findings.map(({ message }) => message).join('\n'));
  return parsed.value;
}

const ofWorkflow = (lines: string) =>
  parse(`on: push\n${lines}\njobs: { a: { runs-on: ubuntu-latest, steps: [run: ls] } }\n`);

function ofJob(lines: string): StepsJob {
  const [job] = parse(`on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n${indented(lines)}`).jobs;
  return job as StepsJob;
}

const indented = (lines: string) => lines.replaceAll(/^(?=.)/gm, '    ');
const withStep = (lines: string) => ofJob(`${lines}\nsteps: [run: ls]\n`);
const stepsOf = (lines: string) => ofJob(`steps:\n${lines}`).steps;
const texts = (map: EnvMap) =>
  Object.fromEntries(Object.entries(map).map(([name, { text }]) => [name, text]));

function ofCall(lines: string): CallJob {
  const [job] = parse(`on: push\njobs:\n  a:\n${indented(lines)}`).jobs;
  return job as CallJob;
}

describe('permissions and concurrency keep their values', () => {
  test('permissions', () => {
    expect(ofWorkflow('permissions: read-all').permissions).toBe('read-all');
    expect(ofWorkflow('permissions: {}').permissions).toEqual({});
    expect(ofWorkflow('').permissions).toBeUndefined();
    expect(withStep('permissions: { id-token: write, contents: none }').permissions).toEqual({
      'id-token': 'write',
      contents: 'none',
    });
  });

  test('concurrency', () => {
    expect(ofWorkflow('concurrency: x').concurrency).toMatchObject({ group: { text: 'x' }, queue: 'single' });
    expect(ofWorkflow("concurrency: ''").concurrency).toBeUndefined();
    const { concurrency } = withStep(
      'concurrency:\n  group: ${{ github.ref }}\n  cancel-in-progress: ${{ matrix.x }}\n  queue: max',
    );
    expect(concurrency).toMatchObject({
      group: { text: '${{ github.ref }}' },
      cancelInProgress: { text: '${{ matrix.x }}' },
      queue: 'max',
    });
  });
});

describe('where a job runs', () => {
  const labels = (runsOn: string) => {
    const job = parse(`on: push\njobs: { a: { runs-on: ${runsOn}, steps: [run: ls] } }\n`)
      .jobs[0] as StepsJob;
    return [job.runsOn.map(({ text }) => text), job.runsOnGroup?.text];
  };

  test.each([
    ['ubuntu-latest', ['ubuntu-latest'], undefined],
    ['[self-hosted, linux]', ['self-hosted', 'linux'], undefined],
    ["'${{ fromJSON(vars.X) }}'", ['${{ fromJSON(vars.X) }}'], undefined],
    ['{ labels: [a, b], group: large }', ['a', 'b'], 'large'],
    ['{ group: org/large }', [], 'org/large'],
    ['{ labels: linux }', ['linux'], undefined],
  ])('runs-on: %s', (runsOn, expected, group) => {
    expect(labels(runsOn)).toEqual([expected, group]);
  });

  test('an environment, and one without a deployment', () => {
    expect(withStep('environment: staging').environment).toMatchObject({ name: { text: 'staging' } });
    expect(withStep("environment: ''").environment).toBeUndefined();
    const { environment } = withStep('environment: { name: a, url: b, deployment: false }');
    expect(environment).toMatchObject({ url: { text: 'b' }, deployment: { text: 'false' } });
  });

  test('containers, though this machine refuses them', () => {
    const job = withStep(
      "container:\n  image: node\n  credentials: { username: u, password: '${{ secrets.P }}' }\n  env: { A: 1 }\n  ports: [80]\n  volumes: [a:/b]\n  options: --init\nservices:\n  db: postgres\n  cache: { image: redis, command: x, entrypoint: y }",
    );
    expect(job.container).toMatchObject({
      image: { text: 'node' },
      credentials: { username: { text: 'u' }, password: { text: '${{ secrets.P }}' } },
      env: { A: { text: '1' } },
      ports: [{ text: '80' }],
      volumes: [{ text: 'a:/b' }],
      options: { text: '--init' },
    });
    expect(job.services).toMatchObject({
      db: { image: { text: 'postgres' } },
      cache: { image: { text: 'redis' }, command: { text: 'x' }, entrypoint: { text: 'y' } },
    });
    expect(withStep("container: ''").container).toBeUndefined();
  });

  test('timeouts', () => {
    const job = withStep('timeout-minutes: 0.5\ncancel-timeout-minutes: ${{ matrix.x }}');
    expect(job.timeoutMinutes?.text).toBe('0.5');
    expect(job.cancelTimeoutMinutes?.text).toBe('${{ matrix.x }}');
    expect(withStep('timeout-minutes: 0').timeoutMinutes).toBeUndefined();
  });
});

describe('names and values made by expressions', () => {
  test('one expression for all, inserted ones, and a name', () => {
    expect(texts(withStep('env: ${{ fromJSON(vars.X) }}').env)).toEqual({
      '${{ insert }}': '${{ fromJSON(vars.X) }}',
    });
    const { env } = withStep('env:\n  A: 1\n  ${{insert}}: ${{ fromJSON(vars.X) }}\n  ${{ vars.N }}: 2');
    expect(texts(env)).toEqual({ A: '1', '${{ insert }}': '${{ fromJSON(vars.X) }}', '${{ vars.N }}': '2' });
    expect(Object.keys(env)).toEqual(['A', '${{ insert }}', '${{ vars.N }}']);
  });

  test('inputs of an action', () => {
    const [step] = stepsOf('  - uses: ./x\n    with: ${{ fromJSON(vars.X) }}\n');
    expect(step?.kind === 'uses' && texts(step.with)).toEqual({ '${{ insert }}': '${{ fromJSON(vars.X) }}' });
  });

  test('names of JavaScript are names like any other', () => {
    const { env } = withStep('env: { __proto__: a, constructor: b }');
    expect(Object.keys(env)).toEqual(['__proto__', 'constructor']);
  });
});

describe('a job that calls a workflow', () => {
  test('with values and secrets', () => {
    const job = ofCall(
      "name: x\nuses: ./.github/workflows/b.yml\nneeds: []\nif: always()\nwith: { n: 1, b: true, e: '${{ matrix.x }}' }\nsecrets: { T: '${{ secrets.T }}' }\nstrategy: { matrix: { x: [1] } }\n",
    );
    expect(job).toMatchObject({
      kind: 'call',
      uses: { text: './.github/workflows/b.yml' },
      if: { text: 'always()' },
      secrets: { T: { text: '${{ secrets.T }}' } },
    });
    expect(texts(job.with)).toEqual({ n: '1', b: 'true', e: '${{ matrix.x }}' });
  });

  test('that inherits secrets, or gets none', () => {
    expect(ofCall('uses: ./.github/workflows/b.yml\nsecrets: inherit\n').secrets).toBe('inherit');
    expect(ofCall('uses: $/.github/workflows/b.yml\n').secrets).toEqual({});
  });
});

describe('steps in the background', () => {
  const kinds = (lines: string) =>
    stepsOf(lines).map((step) => [
      step.kind,
      step.id ?? null,
      step.background ?? false,
      step.kind === 'wait' ? step.steps : step.kind === 'cancel' ? step.step : null,
    ]);

  test('waits and cancels name steps by their place', () => {
    const lines =
      '  - id: a\n    run: ls\n    background: true\n  - id: b\n    uses: ./x\n    background: true\n  - wait: a\n  - cancel: b\n  - wait: [a, b]\n  - wait-all:\n';
    expect(kinds(lines)).toEqual([
      ['run', 'a', true, null],
      ['uses', 'b', true, null],
      ['wait', null, false, [0]],
      ['cancel', null, false, 1],
      ['wait', null, false, [0, 1]],
      ['wait', null, false, 'all'],
    ]);
  });

  test('a parallel group is its steps and a wait for them', () => {
    const lines =
      '  - run: ls\n  - parallel:\n      - id: x\n        run: ls\n      - uses: ./y\n  - parallel: []\n  - run: ls\n';
    expect(kinds(lines)).toEqual([
      ['run', null, false, null],
      ['run', 'x', true, null],
      ['uses', null, true, null],
      ['wait', null, false, [1, 2]],
      ['run', null, false, null],
    ]);
  });

  test('a step behind a group knows its place', () => {
    const text = (reference: string) =>
      `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - parallel:\n          - id: x\n            run: ls\n          - run: echo ${reference}\n      - run: echo \${{ steps.x.outcome }}\n`;
    const parsed = parseWorkflow(text('${{ steps.x.outcome }}'), 'ci.yml');
    expect(parsed.ok && parsed.warnings.map(({ code, at }) => [code, at?.start.line])).toEqual([
      ['workflow/later-step', 9],
    ]);
  });
});

describe('conditions', () => {
  test.each([
    ['${{ github.ref }}', 'github.ref'],
    ["a ${{ github.ref }} {b} 'c'", "format('a {0} {{b}} ''c''', github.ref)"],
    ['${{ success() }} && ${{ github.ref }}', "format('{0} && {1}', success(), github.ref)"],
  ])('if: %s', (condition, expected) => {
    expect(withStep(`if: ${condition}`).if?.text).toBe(expected);
  });

  test('an empty one means success()', () => {
    expect(withStep('if:').if).toBeUndefined();
  });
});

describe('what this machine cannot do', () => {
  test('is said of the job that asks for it', () => {
    const { refusals } = parse(
      'on: push\njobs:\n  a: { runs-on: windows-latest, steps: [run: ls] }\n  b: { runs-on: ubuntu-latest, steps: [uses: o/r@v1] }\n  c: { runs-on: ubuntu-latest, steps: [run: ls] }\n',
    );
    expect(refusals.map(({ jobId, finding }) => [jobId, finding.code])).toEqual([
      ['a', 'workflow/not-supported'],
      ['b', 'workflow/not-supported'],
    ]);
  });

  test('is nothing where a label is known only later', () => {
    expect(parse("on: push\njobs: { a: { runs-on: '${{ vars.X }}', steps: [run: ls] } }\n").refusals).toEqual(
      [],
    );
  });
});
