import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderFindings } from '../diagnostics/index.ts';
import { parseAction, type ActionFile } from './index.ts';

function action(text: string): ActionFile {
  const parsed = parseAction(text, 'action.yml');
  if (!parsed.ok) throw new Error(renderFindings(parsed.findings));
  return parsed.value;
}

const warnings = (text: string) => {
  const parsed = parseAction(text, 'action.yml');
  return parsed.ok ? renderFindings(parsed.warnings) : 'refused';
};

const javascript = 'name: Greet\ndescription: Says hello\nruns:\n  using: node24\n  main: dist/index.js\n';

describe('an action file is read', () => {
  test('a JavaScript action with all that it can say', () => {
    const text = `${javascript}  pre: pre.js
  pre-if: runner.os == 'Linux'
  post: post.js
  post-if: \${{ success() }}
author: Ana
branding: { icon: award, color: green }
inputs:
  Who: { description: Whom to greet, required: true, default: world, deprecationMessage: Use whom }
outputs:
  said: { description: What was said }
`;
    expect(action(text)).toMatchObject({
      file: 'action.yml',
      name: 'Greet',
      inputs: { Who: { required: true, default: { text: 'world' }, deprecationMessage: 'Use whom' } },
      outputs: { said: {} },
      runs: {
        kind: 'javascript',
        nodeMajor: 24,
        main: 'dist/index.js',
        pre: 'pre.js',
        preIf: { text: "runner.os == 'Linux'" },
        post: 'post.js',
        postIf: { text: 'success()' },
      },
      refusals: [],
    });
  });

  test.each([12, 16, 20, 24])('node%i names its version, in whatever capitals', (major) => {
    expect(action(javascript.replace('node24', `Node${major}`)).runs).toMatchObject({ nodeMajor: major });
  });

  test('a composite action with its steps and the values of its outputs', () => {
    const read = action(`name: Greet
description: Says hello
inputs: { who: { default: '\${{ github.actor }}' } }
outputs: { said: { value: '\${{ steps.say.outputs.text }}' } }
runs:
  using: composite
  steps:
    - id: say
      run: echo "text=hello \${{ inputs.who }}" >> "$GITHUB_OUTPUT"
      shell: bash
    - uses: ./other
      with: { a: b }
`);
    expect(read.outputs).toMatchObject({ said: { value: { text: '${{ steps.say.outputs.text }}' } } });
    expect(read.runs).toMatchObject({
      kind: 'composite',
      steps: [
        { kind: 'run', id: 'say', shell: { text: 'bash' } },
        { kind: 'uses', uses: { text: './other' }, with: { a: { text: 'b' } } },
      ],
    });
  });

  test('a container action with its image', () => {
    const text = `name: Greet
description: Says hello
runs:
  using: docker
  image: Dockerfile
  args: ['\${{ inputs.who }}']
  env: { A: '\${{ inputs.who }}' }
  entrypoint: /run.sh
  post-entrypoint: /after.sh
  post-if: always()
`;
    expect(action(text).runs).toMatchObject({ kind: 'docker', image: 'Dockerfile' });
    expect(warnings(text)).toBe('');
  });

  test('an action without a name is called by its file', () => {
    expect(action(javascript.replace('name: Greet\n', '')).name).toBe('action.yml');
  });

  test('a name that every object has is an input like any other', () => {
    const { inputs } = action(`${javascript}inputs: { constructor: { default: x }, __proto__: {} }\n`);
    expect(Object.keys(inputs)).toEqual(['constructor', '__proto__']);
  });
});

describe('what the official runner passes over is a warning or a note', () => {
  test.each([
    [
      'no name',
      javascript.replace('name: Greet\n', ''),
      'note[workflow/missing-key]: the action has no `name`',
      'add `name:`, which the marketplace asks for',
    ],
    [
      'a key that it does not know',
      `${javascript}input: {}\n`,
      'warning[workflow/unknown-key]: an action has no key `input`, so it does nothing',
      'did you mean `inputs`?',
    ],
    [
      'a type of an input',
      `${javascript}inputs: { dry: { type: boolean } }\n`,
      'warning[workflow/unknown-key]: the input "dry" has no key `type`, so it does nothing',
      'remove it',
    ],
    [
      'required neither true nor false',
      `${javascript}inputs: { dry: { required: yes } }\n`,
      'warning[workflow/wrong-type]: `required` is `true` or `false`, so "yes" means false',
      'write `required: true`',
    ],
    [
      'a color',
      `${javascript}branding: { color: grey-dark }\n`,
      'warning[workflow/invalid-value]: there is no color "grey-dark" for badges',
      'did you mean "gray-dark"?',
    ],
    [
      'a value of an output',
      `${javascript}outputs: { said: { value: x } }\n`,
      'warning[workflow/no-effect]: the output "said" has a `value`, which only composite actions have',
      'write the output to $GITHUB_OUTPUT, and remove `value`',
    ],
    [
      'no value of an output',
      'name: a\ndescription: b\noutputs: { said: {} }\nruns: { using: composite, steps: [] }\n',
      'warning[workflow/missing-key]: the output "said" has no `value`, so it stays empty',
      'add `value: ${{ steps.id.outputs.name }}`',
    ],
    [
      'a condition without a script',
      `${javascript}  post-if: always()\n`,
      'warning[workflow/no-effect]: `post-if` without `post` does nothing',
      'add `post`, or remove it',
    ],
  ])('%s', (_name, text, first, help) => {
    const lines = warnings(text).split('\n');
    expect(lines[0]).toBe(first);
    expect(lines.at(-1)).toBe(`  = help: ${help}`);
  });
});

const folder = join(import.meta.dirname, 'fixtures', 'action-mistakes');
const names = readdirSync(folder).flatMap((file) => (file.endsWith('.yml') ? [file.slice(0, -4)] : []));
const findingsOf = (text: string) => {
  const parsed = parseAction(text, 'action.yml');
  return parsed.ok ? [] : parsed.findings;
};

/** `vitest -u` writes the texts anew; read them before you commit them. */
describe('a broken action file is refused with exactly this text', () => {
  test('at least 25 mistakes are kept', () => {
    const errors = names.flatMap((name) =>
      findingsOf(readFileSync(join(folder, `${name}.yml`), 'utf8')).filter(
        ({ severity }) => severity === 'error',
      ),
    );
    expect(errors.length).toBeGreaterThanOrEqual(25);
  });

  test.each(names)('%s', async (name) => {
    const text = readFileSync(join(folder, `${name}.yml`), 'utf8');
    const findings = findingsOf(text);
    expect(findings.some(({ severity }) => severity === 'error')).toBe(true);
    expect(
      findings.filter(({ at, help, notes }) => !at || (help === undefined && notes.length === 0)),
    ).toEqual([]);
    await expect(
      `${renderFindings(findings, { sources: new Map([['action.yml', text]]) })}\n`,
    ).toMatchFileSnapshot(join(folder, `${name}.txt`));
  });
});
