import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runInWorld, type Outcome } from './testing/world.ts';

let root = '';

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'slipway-lint-')));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const lint = (words: string[] = [], cwd = root): Promise<Outcome> =>
  runInWorld(['lint', ...words], root, { cwd });

const clean = 'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ls\n';
const broken = clean.replace('run: ls', 'rum: ls');
const action = 'name: Greet\ndescription: Says hello\nruns:\n  using: composite\n  steps:\n    - run: ls\n';

describe('slipway lint', () => {
  test('a clean tree: exit code 0 and a count', async () => {
    write({ '.github/workflows/ci.yml': clean, '.github/workflows/nightly.yaml': clean });
    expect(await lint()).toEqual({ code: 0, out: '2 files: nothing to mend\n', err: '' });
  });

  test('nothing to look at is no mistake', async () => {
    expect(await lint()).toEqual({
      code: 0,
      out: 'there are no workflows and no action files here\n',
      err: '',
    });
  });

  test('errors of workflows and actions, with their lines: exit code 1', async () => {
    write({ '.github/workflows/ci.yml': broken, 'tools/greet/action.yml': action });
    expect(await lint()).toEqual({
      code: 1,
      out: `error[workflow/unknown-key]: a step has no key \`rum\`
 --> .github/workflows/ci.yml:6:9
  |
6 |       - rum: ls
  |         ^^^
  = keys of a step: id, name, if, env, timeout-minutes, continue-on-error, background, run, shell, working-directory, uses, with, wait, wait-all, cancel, parallel
  = help: did you mean \`run\`?

error[workflow/missing-key]: this step does nothing: it has neither \`run\` nor \`uses\`
 --> .github/workflows/ci.yml:6:9
  |
6 |       - rum: ls
  |         ^
  = help: add \`run:\` with a script, or \`uses:\` with an action

error[workflow/missing-key]: a step with \`run\` in a composite action must say its \`shell\`
 --> tools/greet/action.yml:6:7
  |
6 |     - run: ls
  |       ^^^
  = help: add \`shell: bash\`

2 files: 3 errors
`,
      err: '',
    });
  });

  test('what only GitHub runs is a warning, and warnings are no failure', async () => {
    write({ '.github/workflows/ci.yml': clean.replace('ubuntu-latest', 'windows-latest') });
    const { code, out } = await lint();
    expect(code).toBe(0);
    expect(out).toContain('warning[workflow/not-supported]');
    expect(out).toContain('  = it runs on GitHub only\n');
    expect(out).toMatch(/\n1 file: 1 warning\n$/);
  });

  test('the tree is found from a folder inside it, and foreign folders are left alone', async () => {
    write({
      '.github/workflows/ci.yml': clean,
      '.github/actions/greet/action.yaml': action.replace('- run: ls', '- { run: ls, shell: bash }'),
      'node_modules/x/action.yml': 'runs: {}',
      '.cache/action.yml': 'runs: {}',
      'src/deep/file.txt': '',
    });
    expect((await lint([], join(root, 'src/deep'))).out).toBe('2 files: nothing to mend\n');
  });

  test('only the files that are named', async () => {
    write({ '.github/workflows/ci.yml': broken, '.github/workflows/good.yml': clean, 'action.yml': action });
    expect((await lint(['.github/workflows/good.yml'])).out).toBe('1 file: nothing to mend\n');
    expect((await lint(['action.yml', '.github/workflows/good.yml'])).out).toMatch(/\n2 files: 1 error\n$/);
  });

  test('a file that is not there: exit code 2', async () => {
    expect(await lint(['ci.yml'])).toEqual({
      code: 2,
      out: '',
      err: 'error[cli/unreadable-file]: ci.yml cannot be read\n  = help: name workflow files, or action.yml files\n',
    });
  });

  test('local actions and called workflows are looked up from the root', async () => {
    write({
      '.github/workflows/ci.yml': `${clean}      - uses: ./tools/greet\n        with: { hwo: x }\n  b:\n    uses: ./.github/workflows/build.yml\n`,
      '.github/workflows/build.yml': clean,
      'tools/greet/action.yml': `${action.replace('- run: ls', '- { run: ls, shell: bash }')}inputs: { who: {} }\n`,
    });
    const { code, out } = await lint();
    expect(code).toBe(1);
    expect(out.split('\n').filter((line) => /^(?:error|warning|\d+ file)/.test(line))).toEqual([
      'warning[workflow/unknown-input]: the action Greet has no input "hwo"',
      'error[workflow/unknown-workflow]: "./.github/workflows/build.yml" cannot be called: its `on` has no `workflow_call`',
      '3 files: 1 error, 1 warning',
    ]);
  });

  test('--format json, and --json, print one object', async () => {
    write({ '.github/workflows/ci.yml': clean.replace('push', '[push, pul_request]') });
    const { code, out } = await lint(['--format', 'json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      files: ['.github/workflows/ci.yml'],
      findings: [
        { code: 'workflow/unknown-event', severity: 'error', at: { start: { line: 1, column: 12 } } },
      ],
    });
    expect((await lint(['--json'])).out).toBe(out);
  });

  test('an unknown format is wrong usage', async () => {
    expect(await lint(['--format', 'xml'])).toMatchObject({ code: 2 });
  });
});

interface Sarif {
  $schema: string;
  version: string;
  runs: {
    tool: { driver: { name: string; rules: { id: string; shortDescription: { text: string } }[] } };
    columnKind: string;
    results: {
      ruleId: string;
      ruleIndex: number;
      level: string;
      message: { text: string };
      locations: {
        physicalLocation: {
          artifactLocation: { uri: string; uriBaseId: string };
          region: Record<string, number>;
        };
      }[];
    }[];
  }[];
}

describe('slipway lint --format sarif', () => {
  test('is a log as SARIF 2.1.0 wants it: rules, levels, places', async () => {
    write({
      '.github/workflows/ci now.yml': clean
        .replace('ubuntu-latest', 'windows-latest')
        .replace('run: ls', 'run: echo ${{ github.head_ref }} ${{ nothing.x }}'),
      'action.yml': action.replace('description: Says hello\n', ''),
    });
    const log = JSON.parse((await lint(['--format', 'sarif'])).out) as Sarif;
    expect(log.version).toBe('2.1.0');
    expect(log.$schema).toBe('https://json.schemastore.org/sarif-2.1.0.json');
    const [run] = log.runs;
    expect(run?.tool.driver.name).toBe('Slipway');
    expect(run?.columnKind).toBe('utf16CodeUnits');
    const rules = run?.tool.driver.rules ?? [];
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    for (const { shortDescription } of rules) expect(shortDescription.text).toMatch(/\.$/);
    expect(run?.results.length).toBeGreaterThanOrEqual(3);
    for (const { ruleId, ruleIndex, level, message, locations } of run?.results ?? []) {
      expect(rules[ruleIndex]?.id).toBe(ruleId);
      expect(['error', 'warning', 'note']).toContain(level);
      expect(message.text).not.toBe('');
      for (const { physicalLocation } of locations) {
        const { region, artifactLocation } = physicalLocation;
        expect(artifactLocation).toMatchObject({ uriBaseId: '%SRCROOT%' });
        expect(['.github/workflows/ci%20now.yml', 'action.yml']).toContain(artifactLocation.uri);
        expect(Object.values(region).every((value) => Number.isInteger(value) && value >= 1)).toBe(true);
        expect(region.endLine).toBeGreaterThanOrEqual(region.startLine ?? Infinity);
      }
    }
  });

  test('one result, whole', async () => {
    write({ '.github/workflows/ci.yml': clean.replace('run: ls', 'run: echo ${{ github.head_ref }}') });
    const log = JSON.parse((await lint(['--format', 'sarif'])).out) as Sarif;
    expect(log.runs[0]?.results).toEqual([
      {
        ruleId: 'workflow/script-injection',
        ruleIndex: 0,
        level: 'error',
        message: {
          text: [
            'anyone can write `github.head_ref`, and inside a script it becomes commands',
            '${{ }} is filled in before the script starts; quotes around it do not help',
            'help: put it into the step\'s `env: { VALUE: ${{ github.head_ref }} }`, and write "$VALUE" in the script',
          ].join('\n'),
        },
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: '.github/workflows/ci.yml', uriBaseId: '%SRCROOT%' },
              region: { startLine: 6, startColumn: 23, endLine: 6, endColumn: 38 },
            },
          },
        ],
      },
    ]);
  });

  test('nothing found is an empty list', async () => {
    write({ '.github/workflows/ci.yml': clean });
    const { code, out } = await lint(['--format', 'sarif']);
    expect(code).toBe(0);
    expect((JSON.parse(out) as Sarif).runs[0]?.results).toEqual([]);
  });
});
