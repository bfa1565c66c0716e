import { isMap, isScalar } from 'yaml';
import { defaults } from './defaults.ts';
import { formatDuration } from './duration.ts';
import type { CheckDefinition, RequestCheck } from './model.ts';
import { about, duration, integer, listOf, mapOf, object, text } from './shapes.ts';
import type { Entry, Reader, ReadFields, Shape } from './shapes.ts';
import { requestPath } from './written-names.ts';

type JsonValue = RequestCheck['json'][string];

const jsonValue: Shape<JsonValue> = {
  expects: 'a text, a number, true, false or null',
  example: 'ok',
  schema: { type: ['string', 'number', 'boolean', 'null'] },
  read(node, reader, path) {
    if (!isScalar(node) || typeof node.value === 'bigint') return reader.wrongType(jsonValue, node, path);
    return node.value as JsonValue;
  },
};

const headerName = {
  expects: 'the name of a header',
  example: 'content-type',
  pattern: '^[A-Za-z0-9-]+$',
  allowed: 'letters, digits and "-"',
};
const jsonPath = {
  expects: 'a path into the answer',
  example: 'database.up',
  pattern: String.raw`^[^.\s]+(\.[^.\s]+)*$`,
  allowed: 'keys and places of lists, with "." between them',
};

const fields = {
  run: about(
    text({ expects: 'a command', example: 'npm run smoke' }),
    'Runs once, in the image or the files of the new revision, and must end with 0.',
  ),
  path: about(requestPath, 'What is asked for, again and again until the answer is right.'),
  status: about(integer(100, 599, 200), 'Status that it must be answered with.', 200),
  headers: about(
    mapOf(headerName, text({ expects: 'a text', example: 'application/json' })),
    'Texts that headers of the answer must hold.',
  ),
  body: about(text({ expects: 'a text', example: 'Welcome' }), 'A text that the body must hold.'),
  json: about(mapOf(jsonPath, jsonValue), 'Values that the body, as JSON, must have, by path.'),
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
    if (values.path) return requestFrom(values);
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

function requestFrom({ path, status, headers, body, json, timeout }: Written): CheckDefinition {
  const texts = [...(headers?.value ?? [])].map(([name, { value }]) => [name.toLowerCase(), value]);
  return {
    kind: 'request',
    request: {
      path: path?.value ?? '/',
      status: status?.value ?? 200,
      headers: Object.fromEntries(texts) as Record<string, string>,
      body: body?.value ?? null,
      json: Object.fromEntries([...(json?.value ?? [])].map(([at, { value }]) => [at, value])),
    },
    timeoutMs: timeout?.value ?? defaults.requestCheckMs,
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
