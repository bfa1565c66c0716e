import { isScalar } from 'yaml';
import { define, type WorkflowFile } from './file.ts';
import type { InputDefinition, Template, Trigger } from './model.ts';
import type { Entry } from './reader.ts';

type InputType = InputDefinition['type'];
type Starter = 'workflow_dispatch' | 'workflow_call';

const typesOf: Readonly<Record<Starter, readonly InputType[]>> = {
  workflow_dispatch: ['string', 'boolean', 'number', 'choice', 'environment'],
  workflow_call: ['string', 'boolean', 'number'],
};
const keysOf: Readonly<Record<Starter, readonly string[]>> = {
  workflow_dispatch: ['description', 'required', 'default', 'type', 'options', 'deprecationMessage'],
  workflow_call: ['description', 'required', 'default', 'type', 'deprecationMessage'],
};

/** Reads `inputs` of a dispatched or called workflow. */
export function parseInputs(
  file: WorkflowFile,
  entry: Entry | undefined,
  starter: Starter,
): Record<string, InputDefinition> | undefined {
  if (!entry) return undefined;
  const inputs: Record<string, InputDefinition> = {};
  for (const input of namedEntries(file, entry)) define(inputs, input.key, parseInput(file, input, starter));
  return inputs;
}

function parseInput(file: WorkflowFile, entry: Entry, starter: Starter): InputDefinition {
  const of = `the input "${entry.key}"`;
  const example = 'write `type: string` below it, indented';
  const fields = file.optionalFields(entry, { of, known: keysOf[starter], example });
  const description = textOrNothing(file, fields.get('description'), 'description');
  const type = parseType(file, entry, { type: fields.get('type'), starter });
  const options = parseOptions(file, entry, { type, options: fields.get('options') });
  const fallback = parseDefault(file, fields.get('default'), { type, options, starter });
  return {
    at: entry.keyAt,
    ...(description && { description: description.text }),
    type,
    required: parseRequired(file, fields.get('required')),
    ...(fallback && { default: fallback }),
    ...(options && { options }),
  };
}

function parseType(
  file: WorkflowFile,
  input: Entry,
  { type: entry, starter }: { type: Entry | undefined; starter: Starter },
): InputType {
  const allowed = typesOf[starter];
  if (!entry && starter === 'workflow_call') {
    file.error('missing-key', `the input "${input.key}" of a called workflow has no \`type\``, input.keyAt, {
      notes: [`types: ${allowed.join(', ')}`],
      help: 'add `type: string`',
    });
  }
  const type = file.text(entry, '`type`', 'fixedText');
  const known = allowed.find((name) => name === type?.text);
  if (type && !known) {
    file.error('invalid-value', `inputs of a \`${starter}\` have no type "${type.text}"`, type.at, {
      notes: [`types: ${allowed.join(', ')}`],
      help: 'use `type: string`',
    });
  }
  return known ?? 'string';
}

function parseOptions(
  file: WorkflowFile,
  input: Entry,
  { type, options }: { type: InputType; options: Entry | undefined },
): string[] | undefined {
  const items = options ? (file.items(options.value, '`options`', options.keyAt) ?? []) : [];
  const texts = items.flatMap((item) => {
    const at = file.at(item, input.keyAt);
    return file.template(item, 'an option', at, 'allowed')?.text ?? [];
  });
  if (type !== 'choice') {
    if (options) {
      const help = 'add `type: choice`, or remove the options';
      file.error('conflicting-keys', `\`options\` belongs to inputs of the type choice`, options.keyAt, {
        help,
      });
    }
    return undefined;
  }
  if (items.length === 0) {
    const help = 'add `options: [first, second]`';
    file.error('missing-key', `the choice "${input.key}" has no \`options\``, input.keyAt, { help });
  }
  return texts;
}

function parseDefault(
  file: WorkflowFile,
  entry: Entry | undefined,
  { type, options, starter }: { type: InputType; options: string[] | undefined; starter: Starter },
): Template | undefined {
  if (!entry) return undefined;
  const raw = file.template(entry.value, '`default`', entry.keyAt, 'allowed');
  // A dispatch takes the text as it is, dollar signs and all.
  const value = starter === 'workflow_call' ? file.checked(raw, 'callInput', {}) : raw;
  if (!value || (starter === 'workflow_call' && value.text.includes('${{'))) return value;
  const wrong = (message: string, help: string) => file.error('wrong-type', message, value.at, { help });
  if (type === 'boolean' && !['true', 'false', ''].includes(value.text))
    wrong(`the default of a boolean is true or false, and here is "${value.text}"`, 'write `default: false`');
  if (type === 'number' && value.text !== '' && !Number.isFinite(Number(value.text)))
    wrong(`the default of a number must be one, and here is "${value.text}"`, 'write `default: 1`');
  if (options && value.text !== '' && !options.includes(value.text)) {
    const message = `the default "${value.text}" is none of the options`;
    const notes = [`options: ${options.join(', ')}`];
    file.report('warning', 'invalid-value', message, value.at, { notes, help: 'use one of the options' });
  }
  return value;
}

/** Reads `secrets` of a called workflow. */
export function parseCallSecrets(file: WorkflowFile, entry: Entry | undefined): Trigger['secrets'] {
  if (!entry) return undefined;
  const secrets: NonNullable<Trigger['secrets']> = {};
  for (const secret of namedEntries(file, entry)) {
    const isNothing = secret.value === null || (isScalar(secret.value) && secret.value.value === null);
    const known = ['description', 'required'];
    const of = `the secret "${secret.key}"`;
    const fields = isNothing
      ? new Map<string, Entry>()
      : file.optionalFields(secret, { of, known, example: 'write `required: true` below it, indented' });
    textOrNothing(file, fields.get('description'), 'description');
    define(secrets, secret.key, { required: parseRequired(file, fields.get('required')), at: secret.keyAt });
  }
  return secrets;
}

/** Reads `outputs` of a called workflow. */
export function parseCallOutputs(file: WorkflowFile, entry: Entry | undefined): Trigger['outputs'] {
  if (!entry) return undefined;
  const outputs: NonNullable<Trigger['outputs']> = {};
  for (const output of namedEntries(file, entry)) {
    const example = 'write `value: ${{ jobs.build.outputs.version }}` below it, indented';
    const of = `the output "${output.key}"`;
    const fields = file.optionalFields(output, { of, known: ['description', 'value'], example });
    textOrNothing(file, fields.get('description'), 'description');
    const given = fields.get('value');
    if (!given) file.error('missing-key', `${of} has no \`value\``, output.keyAt, { help: example });
    const value = given && file.template(given.value, '`value`', given.keyAt, 'allowed');
    if (value) define(outputs, output.key, file.checked(value, 'callOutput', {}));
  }
  return outputs;
}

/** Names that are free, each once. */
export function namedEntries(file: WorkflowFile, entry: Entry): Entry[] {
  return file.entries(entry.value, `\`${entry.key}\``, entry.keyAt) ?? [];
}

function parseRequired(file: WorkflowFile, entry: Entry | undefined): boolean {
  const required = file.text(entry, '`required`', 'fixedText');
  if (required && required.text !== 'true' && required.text !== 'false') {
    const help = 'write `required: true`, or leave it out';
    const message = `\`required\` must be \`true\` or \`false\`, and here is "${required.text}"`;
    file.error('wrong-type', message, required.at, { help });
  }
  return required?.text === 'true';
}

function textOrNothing(file: WorkflowFile, entry: Entry | undefined, what: string): Template | undefined {
  return entry && file.template(entry.value, `\`${what}\``, entry.keyAt, 'allowed');
}
