import { didYouMean, type Result } from '../diagnostics/index.ts';
import { define, type WorkflowFile } from './file.ts';
import type { ActionFile, ActionInputDefinition, ActionRuns } from './model.ts';
import { parseActionRuns } from './parse-action-runs.ts';
import { namedEntries } from './parse-inputs.ts';
import { readFile } from './read-file.ts';
import type { Entry } from './reader.ts';

/**
 * Reads an `action.yml`.
 *
 * Errors are what the official runner refuses; what it passes over in silence, such as keys that mean nothing, is a
 * warning or a note.
 *
 * @param file - Path, for messages.
 * @returns Every mistake in the file, in the order of its lines; never throws.
 */
export function parseAction(text: string, file: string): Result<ActionFile> {
  return readFile(text, file, readAction);
}

const keys = ['name', 'description', 'author', 'inputs', 'outputs', 'runs', 'branding'];

function readAction(file: WorkflowFile): ActionFile | undefined {
  const { root, start } = file;
  if (root === null) {
    file.error('empty', 'the file is empty', start, { help: 'start with `name:` and `runs:`' });
    return undefined;
  }
  const fields = looseFields(file, { key: '', keyAt: start, value: root }, 'an action', keys);
  if (!fields) return undefined;
  for (const key of ['name', 'description'])
    if (!fields.has(key)) {
      const help = `add \`${key}:\`, which the marketplace asks for`;
      file.report('note', 'missing-key', `the action has no \`${key}\``, start, { help });
    }
  const name = file.text(fields.get('name'), '`name`', 'fixedText', {}, 'allowed')?.text;
  for (const key of ['description', 'author'])
    file.text(fields.get(key), `\`${key}\``, 'fixedText', {}, 'allowed');
  readBranding(file, fields.get('branding'));
  const inputs = readInputs(file, fields.get('inputs'));
  const runs = readRuns(file, fields.get('runs'));
  const outputs = readOutputs(file, fields.get('outputs'), runs);
  file.checkSize();
  return runs && { file: file.file, name: name || file.file, inputs, outputs, runs, refusals: file.refusals };
}

function readRuns(file: WorkflowFile, entry: Entry | undefined): ActionRuns | undefined {
  if (entry) return parseActionRuns(file, entry);
  const help = 'add `runs:` with `using: composite` and `steps:`, or `using: node24` and `main:`';
  file.error('missing-key', 'the action does not say how it runs: `runs` is missing', file.start, { help });
  return undefined;
}

/** The fields of a mapping in which GitHub passes over what it does not know: those are warnings. */
function looseFields(
  file: WorkflowFile,
  entry: Entry,
  of: string,
  known: readonly string[],
): Map<string, Entry> | undefined {
  const entries = file.entries(entry.value, of, entry.keyAt);
  for (const { key, keyAt } of entries ?? []) {
    if (known.includes(key)) continue;
    const near = didYouMean(key, known);
    file.report('warning', 'unknown-key', `${of} has no key \`${key}\`, so it does nothing`, keyAt, {
      notes: [`keys of ${of}: ${known.join(', ')}`],
      help: near === undefined ? 'remove it' : `did you mean \`${near}\`?`,
    });
  }
  return entries && new Map(entries.map((one) => [one.key, one]));
}

function readInputs(file: WorkflowFile, entry: Entry | undefined): Record<string, ActionInputDefinition> {
  const inputs: Record<string, ActionInputDefinition> = {};
  if (entry) for (const input of namedEntries(file, entry)) define(inputs, input.key, readInput(file, input));
  return inputs;
}

const inputKeys = ['description', 'required', 'default', 'deprecationMessage'];

function readInput(file: WorkflowFile, entry: Entry): ActionInputDefinition {
  const of = `the input "${entry.key}"`;
  const fields = looseFields(file, entry, of, inputKeys);
  file.text(fields?.get('description'), '`description`', 'fixedText', {}, 'allowed');
  const fallback = file.text(fields?.get('default'), '`default`', 'actionInputDefault', {}, 'allowed');
  const message = file.text(
    fields?.get('deprecationMessage'),
    '`deprecationMessage`',
    'fixedText',
    {},
    'allowed',
  );
  return {
    at: entry.keyAt,
    required: readRequired(file, fields?.get('required')),
    ...(fallback && { default: fallback }),
    ...(message && { deprecationMessage: message.text }),
  };
}

function readRequired(file: WorkflowFile, entry: Entry | undefined): boolean {
  const required = file.text(entry, '`required`', 'fixedText', {}, 'allowed');
  if (!required || ['true', 'false', ''].includes(required.text)) return required?.text === 'true';
  const message = `\`required\` is \`true\` or \`false\`, so "${required.text}" means false`;
  file.report('warning', 'wrong-type', message, required.at, { help: 'write `required: true`' });
  return false;
}

function readOutputs(
  file: WorkflowFile,
  entry: Entry | undefined,
  runs: ActionRuns | undefined,
): ActionFile['outputs'] {
  const outputs: ActionFile['outputs'] = {};
  for (const output of entry ? namedEntries(file, entry) : []) {
    const of = `the output "${output.key}"`;
    const example = 'write `description:` below it, indented';
    const fields = file.optionalFields(output, { of, known: ['description', 'value'], example });
    file.text(fields.get('description'), '`description`', 'fixedText', {}, 'allowed');
    const value = file.text(fields.get('value'), '`value`', 'actionOutput', {}, 'allowed');
    if (runs?.kind === 'composite' && !value) {
      const help = 'add `value: ${{ steps.id.outputs.name }}`';
      file.report('warning', 'missing-key', `${of} has no \`value\`, so it stays empty`, output.keyAt, {
        help,
      });
    }
    if (value && runs && runs.kind !== 'composite') {
      const help = `write the output to $GITHUB_OUTPUT, and remove \`value\``;
      file.report(
        'warning',
        'no-effect',
        `${of} has a \`value\`, which only composite actions have`,
        value.at,
        {
          help,
        },
      );
    }
    define(outputs, output.key, runs?.kind === 'composite' && value ? { value } : {});
  }
  return outputs;
}

const colors = ['white', 'yellow', 'blue', 'green', 'orange', 'red', 'purple', 'gray-dark'];

/** Only GitHub's marketplace shows it; names of icons are not checked. */
function readBranding(file: WorkflowFile, entry: Entry | undefined): void {
  const fields = entry && looseFields(file, entry, '`branding`', ['icon', 'color']);
  file.text(fields?.get('icon'), '`icon`', 'fixedText');
  const color = file.text(fields?.get('color'), '`color`', 'fixedText');
  if (!color || colors.includes(color.text)) return;
  const near = didYouMean(color.text, colors);
  file.report('warning', 'invalid-value', `there is no color "${color.text}" for badges`, color.at, {
    notes: [`colors: ${colors.join(', ')}`],
    help: near === undefined ? 'use one of these' : `did you mean "${near}"?`,
  });
}
