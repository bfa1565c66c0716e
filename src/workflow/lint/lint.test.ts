import { describe, expect, test } from 'vitest';
import { renderFindings } from '../../diagnostics/index.ts';
import { lintAction, lintWorkflow, parseAction, parseWorkflow, type LintRepository } from '../index.ts';

const empty: LintRepository = { action: () => null, workflow: () => null, workflowNames: () => ['CI'] };

function lint(text: string, repository = empty): string {
  const parsed = parseWorkflow(text, 'ci.yml');
  if (!parsed.ok) throw new Error(renderFindings(parsed.findings));
  const findings = lintWorkflow(parsed.value, { source: text, repository });
  return renderFindings(findings, { sources: new Map([['ci.yml', text]]) });
}

/** A job with these steps, four spaces in. */
const steps = (text: string, on = 'push', rest = '') =>
  `on: ${on}\njobs:\n  a:\n    runs-on: ubuntu-latest\n${rest}    steps:\n${text}`;

function repositoryOf(files: {
  actions?: Record<string, string>;
  workflows?: Record<string, string>;
}): LintRepository {
  return {
    action(folder) {
      const text = files.actions?.[folder];
      if (text === undefined) return null;
      const parsed = parseAction(text, `${folder}/action.yml`);
      return parsed.ok ? parsed.value : undefined;
    },
    workflow(path) {
      const text = files.workflows?.[path];
      if (text === undefined) return null;
      const parsed = parseWorkflow(text, path);
      return parsed.ok ? parsed.value : undefined;
    },
    workflowNames: () => undefined,
  };
}

const injection = 'anyone can write `github.event.issue.title`, and inside a script it becomes commands';

describe('script injection', () => {
  test('in a script of several lines, at its place', () => {
    expect(
      lint(steps('      - run: |\n          set -x\n          echo "${{ github.event.issue.title }}"\n')),
    ).toBe(
      `error[workflow/script-injection]: ${injection}
 --> ci.yml:8:21
  |
8 |           echo "\${{ github.event.issue.title }}"
  |                     ^^^^^^^^^^^^^^^^^^^^^^^^
  = \${{ }} is filled in before the script starts; quotes around it do not help
  = help: put it into the step's \`env: { VALUE: \${{ github.event.issue.title }} }\`, and write "$VALUE" in the script`,
    );
  });

  test.each([
    ['a folded block', '>-\n          echo a\n          "${{ github.head_ref }}"\n', '8:16'],
    ['quotes with escapes', '"echo \\"${{ github.head_ref }}\\""\n', '6:26'],
    ['a line that begins like another', '|\n          echo\n          echo ${{ github.head_ref }}\n', '8:20'],
    ['a stretch over two lines', '>-\n          echo ${{ github.head_ref\n          }}\n', '7:20'],
    [
      'an expression over two lines',
      ">-\n          echo ${{ format('{0}',\n          github.head_ref) }}\n",
      '6:14',
    ],
  ])('in %s, at its place', (_form, script, place) => {
    expect(lint(steps(`      - run: ${script}`))).toContain(`\n --> ci.yml:${place}\n`);
  });

  test('in github-script', () => {
    const text = steps(
      '      - uses: actions/github-script@v7\n        with:\n          script: core.info("${{ github.head_ref }}")\n',
    );
    expect(lint(text)).toBe(
      `error[workflow/script-injection]: anyone can write \`github.head_ref\`, and inside a script it becomes commands
 --> ci.yml:8:34
  |
8 |           script: core.info("\${{ github.head_ref }}")
  |                                  ^^^^^^^^^^^^^^^
  = \${{ }} is filled in before the script starts; quotes around it do not help
  = help: put it into the step's \`env: { VALUE: \${{ github.head_ref }} }\`, and write process.env.VALUE in the script`,
    );
  });

  test('through a variable that is pasted in as an expression', () => {
    const text = steps(
      '      - run: echo ${{ env.TITLE }}\n        env: { TITLE: "${{ github.event.issue.title }}" }\n',
    );
    expect(lint(text)).toBe(
      `error[workflow/script-injection]: anyone can write \`env.TITLE\`, and inside a script it becomes commands
 --> ci.yml:6:23
  |
6 |       - run: echo \${{ env.TITLE }}
  |                       ^^^^^^^^^
  = \${{ }} is filled in before the script starts; quotes around it do not help
  = help: the variable is there already: write "$TITLE" in the script`,
    );
  });

  test.each([
    'github.event.pull_request.head.ref',
    'GitHub.Event.Comment.Body',
    "github.event['review']['body']",
    'github.event.commits[0].message',
    'github.event.commits.*.author.name',
    'toJSON(github.event)',
    'toJSON(github)',
    "format('{0}', github.event.issue.body)",
    "github.head_ref || 'main'",
    "github.event_name == 'push' && github.event.head_commit.message",
    "join(github.event.commits.*.message, ' ')",
  ])('%s is dangerous', (expression) => {
    expect(lint(steps(`      - run: echo \${{ ${expression} }}\n`))).toContain(
      'error[workflow/script-injection]',
    );
  });

  test.each([
    'github.event.issue.number',
    'github.sha',
    'github.ref_name',
    "github.head_ref == 'main'",
    "contains(github.event.issue.title, 'x')",
    "startsWith(github.head_ref, 'x') && 'yes' || 'no'",
    "github.event.issue.title != '' && 'titled'",
    '!github.head_ref',
    'hashFiles(github.head_ref)',
    'inputs.name',
  ])('%s is not', (expression) => {
    const on = '{ workflow_dispatch: { inputs: { name: {} } } }';
    expect(lint(steps(`      - run: echo \${{ ${expression} }}\n`, on))).toBe('');
  });

  test('a variable in the script, and an input of another action, are safe', () => {
    const text = steps(
      '      - run: echo "$TITLE"\n        env: { TITLE: "${{ github.event.issue.title }}" }\n      - uses: other/action@v1\n        with: { script: "${{ github.event.issue.title }}" }\n',
    );
    expect(lint(text)).toBe('');
  });
});

describe('deprecated commands', () => {
  test('set-output and save-state still work', () => {
    expect(lint(steps('      - run: echo "::set-output name=a::b"\n'))).toBe(
      `warning[workflow/deprecated-command]: the command \`::set-output::\` is deprecated
 --> ci.yml:6:20
  |
6 |       - run: echo "::set-output name=a::b"
  |                    ^^^^^^^^^^^^^^^^^^^^^
  = help: write \`echo "name=value" >> "$GITHUB_OUTPUT"\``,
    );
  });

  test('set-env and add-path are refused', () => {
    expect(
      lint(steps('      - run: |\n          # ::set-env name=a::b\n          echo "::add-path::/opt"\n')),
    ).toBe(
      `error[workflow/deprecated-command]: the runner refuses the command \`::add-path::\`, and the step fails
 --> ci.yml:8:17
  |
8 |           echo "::add-path::/opt"
  |                 ^^^^^^^^^^^^
  = help: write \`echo "folder" >> "$GITHUB_PATH"\``,
    );
  });

  test('unless the workflow allows them', () => {
    const env = '    env: { ACTIONS_ALLOW_UNSECURE_COMMANDS: true }\n';
    expect(lint(steps('      - run: echo "::set-env name=a::b"\n', 'push', env))).toBe('');
  });
});

describe('printed secrets', () => {
  test('a plain echo', () => {
    expect(lint(steps('      - run: |\n          echo token ${{ secrets.TOKEN }}\n'))).toBe(
      `warning[workflow/printed-secret]: this prints \`secrets.TOKEN\` into the log, where only its mask hides it
 --> ci.yml:7:11
  |
7 |           echo token \${{ secrets.TOKEN }}
  |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: remove the line; what must be looked at is better tested for: test -n "$NAME"`,
    );
  });

  test.each([
    'echo ${{ secrets.TOKEN }} > file',
    'echo ${{ secrets.TOKEN }} | docker login',
    'login ${{ secrets.TOKEN }}',
    "echo ${{ secrets.TOKEN != '' }}",
    'echo "::add-mask::${{ secrets.TOKEN }}"',
  ])('not %s', (line) => {
    expect(lint(steps(`      - run: |\n          ${line}\n`))).toBe('');
  });
});

describe('checkout of a stranger', () => {
  const text =
    '      - uses: actions/checkout@v4\n        with:\n          ref: ${{ github.event.pull_request.head.sha }}\n';
  test('where the secrets are', () => {
    expect(lint(steps(text, 'pull_request_target'))).toBe(
      `warning[workflow/untrusted-checkout]: \`pull_request_target\` has the repository's secrets, and this checks out what a stranger wrote
 --> ci.yml:8:20
  |
8 |           ref: \${{ github.event.pull_request.head.sha }}
  |                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: build it in a workflow of its own on \`pull_request\`, or run nothing of what is checked out`,
    );
  });

  test('not where they are not, and not of the base', () => {
    expect(lint(steps(text, 'pull_request'))).toBe('');
    expect(lint(steps('      - uses: actions/checkout@v4\n', 'pull_request_target'))).toBe('');
  });
});

describe('actions of the repository', () => {
  const greet = `name: Greet
description: Says hello
inputs:
  who: { required: true }
  how: { required: true, default: kindly }
  loud: { deprecationMessage: use how }
outputs:
  said: { value: x }
runs:
  using: composite
  steps: []
`;
  const repository = repositoryOf({ actions: { './greet': greet, './broken': 'runs: {}' } });

  test('an input that it does not have, one that is missing, one that is deprecated', () => {
    const text = steps('      - uses: ./greet\n        with: { hwo: x, LOUD: true }\n');
    expect(lint(text, repository)).toBe(
      `warning[workflow/missing-input]: the action Greet needs the input "who"
 --> ci.yml:6:15
  |
6 |       - uses: ./greet
  |               ^^^^^^^
  = help: add \`with: { who: … }\`

warning[workflow/unknown-input]: the action Greet has no input "hwo"
 --> ci.yml:7:22
  |
7 |         with: { hwo: x, LOUD: true }
  |                      ^
  = its inputs: "who", "how", "loud"
  = help: did you mean "who"?

warning[workflow/deprecated-input]: the input "LOUD" of Greet is deprecated: use how
 --> ci.yml:7:31
  |
7 |         with: { hwo: x, LOUD: true }
  |                               ^^^^
  = help: follow what it says`,
    );
  });

  test('a path in the same commit, which begins with a dollar sign', () => {
    expect(lint(steps('      - uses: $/greet\n        with: { hwo: x, who: y }\n'), repository)).toContain(
      'warning[workflow/unknown-input]: the action Greet has no input "hwo"',
    );
  });

  test('an output that it does not declare', () => {
    const text = steps(
      '      - id: greet\n        uses: ./greet\n        with: { who: x }\n      - run: echo ${{ steps.greet.outputs.siad }} ${{ steps.greet.outputs.said }}\n',
    );
    expect(lint(text, repository)).toBe(
      `warning[workflow/unknown-output]: the action Greet declares no output "siad", so this is always empty
 --> ci.yml:9:43
  |
9 |       - run: echo \${{ steps.greet.outputs.siad }} \${{ steps.greet.outputs.said }}
  |                                           ^^^^
  = its outputs: "said"
  = help: did you mean "said"?`,
    );
  });

  test('a folder without an action; one with mistakes has been reported by itself', () => {
    expect(lint(steps('      - uses: ./gret\n      - uses: ./broken\n'), repository)).toBe(
      `warning[workflow/unknown-action]: there is no action.yml in "./gret"
 --> ci.yml:6:15
  |
6 |       - uses: ./gret
  |               ^^^^^^
  = help: mend the path, which begins at the root of the repository; or check out or build the action before`,
    );
  });
});

describe('called workflows', () => {
  const path = './.github/workflows/build.yml';
  const called = `on:
  workflow_call:
    inputs:
      version: { type: string, required: true }
      dry: { type: boolean }
      count: { type: number }
    secrets:
      TOKEN: { required: true }
    outputs:
      digest: { value: x }
jobs:
  a: { runs-on: ubuntu-latest, steps: [{ run: ls }] }
`;
  const workflows = {
    [path]: called,
    './.github/workflows/alone.yml': called.replace(/ {2}workflow_call:[^]*jobs:/, '  push:\njobs:'),
  };
  const repository = repositoryOf({ workflows });
  const call = (rest: string, uses = path) => `on: push\njobs:\n  b:\n    uses: ${uses}\n${rest}`;

  test('every input and secret that does not fit', () => {
    const rest = '    with: { versoin: 1, dry: yes, count: many }\n    secrets: { TOKNE: x }\n';
    expect(lint(call(rest), repository)).toBe(
      `error[workflow/missing-input]: "${path}" needs the input "version"
 --> ci.yml:4:11
  |
4 |     uses: ${path}
  |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: add \`with: { version: … }\` to job "b"

error[workflow/missing-secret]: "${path}" needs the secret "TOKEN"
 --> ci.yml:4:11
  |
4 |     uses: ${path}
  |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: add \`secrets: { TOKEN: \${{ secrets.TOKEN }} }\` to job "b", or \`secrets: inherit\`

error[workflow/unknown-input]: "${path}" has no input "versoin"
 --> ci.yml:5:22
  |
5 |     with: { versoin: 1, dry: yes, count: many }
  |                      ^
  = its inputs: "version", "dry", "count"
  = help: did you mean "version"?

error[workflow/wrong-type]: the input "dry" is a boolean, and here is "yes"
 --> ci.yml:5:30
  |
5 |     with: { versoin: 1, dry: yes, count: many }
  |                              ^^^
  = help: write true or false

error[workflow/wrong-type]: the input "count" is a number, and here is "many"
 --> ci.yml:5:42
  |
5 |     with: { versoin: 1, dry: yes, count: many }
  |                                          ^^^^
  = help: write a number

error[workflow/unknown-secret]: "${path}" takes no secret "TOKNE"
 --> ci.yml:6:23
  |
6 |     secrets: { TOKNE: x }
  |                       ^
  = its secrets: "TOKEN"
  = help: did you mean "TOKEN"?`,
    );
  });

  test('a call that fits, with its output', () => {
    const rest = `    with: { version: 1, dry: "\${{ github.ref == 'x' }}" }\n    secrets: inherit\n`;
    const next =
      '  c:\n    needs: b\n    runs-on: ubuntu-latest\n    steps: [{ run: "echo ${{ needs.b.outputs.digest }}" }]\n';
    expect(lint(call(rest + next), repository)).toBe('');
  });

  test('an output that it does not have', () => {
    const rest = '    with: { version: 1 }\n    secrets: inherit\n';
    const next =
      '  c:\n    needs: b\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ needs.b.outputs.digset }}\n';
    expect(lint(call(rest + next), repository)).toBe(
      `error[workflow/unknown-output]: "${path}" has no output "digset", so this is always empty
  --> ci.yml:11:39
   |
11 |       - run: echo \${{ needs.b.outputs.digset }}
   |                                       ^^^^^^
   = its outputs: "digest"
   = help: did you mean "digest"?`,
    );
  });

  test('a workflow that is not there, and one that cannot be called', () => {
    expect(lint(call('', './.github/workflows/biuld.yml'), repository)).toBe(
      `error[workflow/unknown-workflow]: there is no workflow "./.github/workflows/biuld.yml"
 --> ci.yml:4:11
  |
4 |     uses: ./.github/workflows/biuld.yml
  |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: name a file of .github/workflows`,
    );
    expect(lint(call('', './.github/workflows/alone.yml'), repository)).toBe(
      `error[workflow/unknown-workflow]: "./.github/workflows/alone.yml" cannot be called: its \`on\` has no \`workflow_call\`
 --> ci.yml:4:11
  |
4 |     uses: ./.github/workflows/alone.yml
  |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: add \`workflow_call:\` to its \`on:\``,
    );
  });
});

describe('workflows that are followed', () => {
  const follow = (names: string) => steps('      - run: ls\n', `{ workflow_run: { workflows: ${names} } }`);

  test('a name that no workflow has', () => {
    expect(lint(follow('[CI, CD]'))).toBe(
      `warning[workflow/unknown-workflow]: no workflow here is called "CD", so none of its runs starts this
 --> ci.yml:1:7
  |
1 | on: { workflow_run: { workflows: [CI, CD] } }
  |       ^^^^^^^^^^^^
  = names of workflows: "CI"
  = help: did you mean "CI"?`,
    );
  });

  test('names, patterns and exclusions that fit', () => {
    expect(lint(follow('[CI, "C*", "!CD"]'))).toBe('');
  });

  test('where other workflows cannot be read, nothing is said', () => {
    expect(lint(follow('[CD]'), repositoryOf({}))).toBe('');
  });
});

describe('entries of a matrix', () => {
  const matrix = (text: string) =>
    steps('      - run: ls\n', 'push', `    strategy:\n      matrix: ${text}\n`);
  const messages = (text: string) =>
    lint(matrix(text))
      .split('\n')
      .filter((line) => /^(?:error|warning)|= /.test(line));

  test('an exclude that matches nothing', () => {
    expect(lint(matrix('{ node: [20, 22], exclude: [{ node: 18 }] }'))).toBe(
      `warning[workflow/idle-matrix-entry]: \`exclude\` of job "a" matches nothing: "node" is never 18
 --> ci.yml:6:7
  |
6 |       matrix: { node: [20, 22], exclude: [{ node: 18 }] }
  |       ^^^^^^
  = values of "node": 20, 22
  = help: write one of these, of the same type, or remove the entry`,
    );
  });

  test('an exclude by an axis that is not there', () => {
    expect(messages('{ node: [20], exclude: [{ nodes: 20 }], include: [{ node: 20, extra: 1 }] }')).toEqual([
      'error[workflow/unknown-axis]: `exclude` of job "a" names "nodes", which the matrix does not have',
      '  = axes of the matrix: "node"',
      '  = help: did you mean "node"?',
    ]);
  });

  test('what stands twice', () => {
    expect(messages('{ node: [20, 20, "20"], include: [{ a: 1 }, { a: 1 }] }')).toEqual([
      'warning[workflow/idle-matrix-entry]: "node" of job "a" lists 20 twice, so the same job runs twice',
      '  = help: remove one of them',
      'warning[workflow/idle-matrix-entry]: `include` of job "a" lists {"a":1} twice',
      '  = help: remove one of them',
    ]);
  });

  test.each([
    '{ node: [20, 22], exclude: [{ node: "22" }] }',
    '{ node: ["${{ github.ref }}"], exclude: [{ node: 18 }] }',
    '{ node: "${{ fromJSON(vars.NODES) }}", exclude: [{ node: 18 }] }',
    '{ os: [{ name: linux, v: 1 }], exclude: [{ os: { name: linux } }] }',
  ])('%s is as it should be', (text) => {
    expect(messages(text)).toEqual([]);
  });
});

test('in a composite action: the same rules, and inputs and steps that it does not have', () => {
  const text = `name: Greet
description: Says hello
inputs: { who: {} }
outputs: { said: { value: '\${{ steps.sya.outputs.text }}' } }
runs:
  using: composite
  steps:
    - id: say
      run: echo \${{ inputs.how }} \${{ github.head_ref }}
      shell: bash
`;
  const parsed = parseAction(text, 'action.yml');
  if (!parsed.ok) throw new Error(renderFindings(parsed.findings));
  expect(renderFindings(lintAction(parsed.value, { source: text, repository: empty }))).toBe(
    `warning[workflow/unknown-step]: this action has no step with the id "sya"
 --> action.yml:4:38
  = step ids in this action: "say"
  = help: did you mean "say"?

warning[workflow/unknown-input]: this action declares no input "how", so this is always empty
 --> action.yml:9:28
  = inputs declared: "who"
  = help: declare it under \`inputs:\`

error[workflow/script-injection]: anyone can write \`github.head_ref\`, and inside a script it becomes commands
 --> action.yml:9:39
  = \${{ }} is filled in before the script starts; quotes around it do not help
  = help: put it into the step's \`env: { VALUE: \${{ github.head_ref }} }\`, and write "$VALUE" in the script`,
  );
});
