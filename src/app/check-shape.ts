import { isMap } from 'yaml';
import { defaults } from './defaults.ts';
import { formatDuration } from './duration.ts';
import type { CheckDefinition } from './model.ts';
import { requestFields, requestFrom } from './request-shape.ts';
import { about, duration, listOf, object, text } from './shapes.ts';
import type { Entry, Reader, ReadFields, Shape } from './shapes.ts';

const fields = {
  run: about(
    text({ expects: 'a command', example: 'npm run smoke' }),
    'Runs once, in the image or the files of the new revision, and must end with 0.',
  ),
  ...requestFields,
  timeout: about(
    duration('30s', { positive: true }),
    `How long it may take to pass. Without it: ${formatDuration(defaults.requestCheckMs)} for a request, ${formatDuration(defaults.commandCheckMs)} for a command.`,
  ),
};
const written = object(fields, { example: '{ path: /login }' });
const { run: _, ...asked } = fields;

/** A command or a request. */
const check: Shape<CheckDefinition> = {
  expects: '{ path: /login } or { run: npm run smoke }',
  example: '{ path: /login }',
  schema: {
    anyOf: [
      { ...object(asked, { example: '' }).schema, required: ['path'] },
      {
        ...object({ run: fields.run, timeout: fields.timeout }, { example: '' }).schema,
        required: ['run'],
      },
    ],
  },
  read(node, reader, path) {
    if (!isMap(node)) return reader.wrongType(check, node, path);
    const before = reader.findings.length;
    const values = written.read(node, reader, path) ?? {};
    if (reader.findings.length > before) return undefined;
    const at = reader.span(node);
    if (values.run) return commandFrom(values, { reader, path });
    if (values.path) {
      const timeoutMs = values.timeout?.value ?? defaults.requestCheckMs;
      return { kind: 'request', request: requestFrom(values), timeoutMs };
    }
    return reader.report('app/missing-key', `${path}: this check has neither "path" nor "run"`, at, {
      help: 'write it like this: { path: /login } or { run: npm run smoke }',
    });
  },
};

type Written = ReadFields<typeof fields>;

function commandFrom(
  { run, timeout, ...others }: Written,
  { reader, path }: { reader: Reader; path: string },
): CheckDefinition | undefined {
  const [key, entry] = Object.entries(others as Record<string, Entry<unknown>>)[0] ?? [];
  if (entry) {
    return reader.report('app/impossible', `${path}: "${key}" is of a request, "run" a command`, entry.at, {
      help: 'write two checks: - { run: … } and - { path: … }',
    });
  }
  return {
    kind: 'command',
    command: run?.value ?? '',
    timeoutMs: timeout?.value ?? defaults.commandCheckMs,
  };
}

/** What must hold before and after traffic. */
export const checks = object(
  {
    before: about(
      listOf(check),
      'Before the new revision gets traffic: requests are asked of each of its copies.',
      [],
    ),
    after: about(
      listOf(check),
      'After each step that gave it traffic: requests are asked of the public address.',
      [],
    ),
  },
  { example: '{ before: [{ run: npm run smoke }], after: [{ path: /login }] }' },
);
