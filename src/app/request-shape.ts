import { isMap, isScalar } from 'yaml';
import type { RequestCheck } from './model.ts';
import { integer } from './numbers.ts';
import { about, mapOf, object, text } from './shapes.ts';
import type { ReadFields, Shape } from './shapes.ts';
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
/** Where in a JSON document a value is. */
export const jsonPath = {
  expects: 'a path into the answer',
  example: 'database.up',
  pattern: String.raw`^[^.\s]+(\.[^.\s]+)*$`,
  allowed: 'keys and places of lists, with "." between them',
};

/** What a request asks, and what it must be answered. */
export const requestFields = {
  path: about(requestPath, 'What is asked for.'),
  status: about(integer(100, 599, 200), 'Status that it must be answered with.', 200),
  headers: about(
    mapOf(headerName, text({ expects: 'a text', example: 'application/json' })),
    'Texts that headers of the answer must hold.',
  ),
  body: about(text({ expects: 'a text', example: 'Welcome' }), 'A text that the body must hold.'),
  json: about(mapOf(jsonPath, jsonValue), 'Values that the body, as JSON, must have, by path.'),
};
const written = object(requestFields, { example: '{ path: /login }' });

/** A request by itself. */
export const request: Shape<RequestCheck> = {
  ...written,
  schema: { ...written.schema, required: ['path'] },
  read(node, reader, path) {
    const values = written.read(node, reader, path);
    if (!values || !isMap(node)) return undefined;
    if (values.path) return requestFrom(values);
    if (node.has('path')) return undefined;
    return reader.report('app/missing-key', `${path}: this request has no "path"`, reader.span(node), {
      help: 'write it like this: { path: /login }',
    });
  },
};

/** The check that was written. */
export function requestFrom({
  path,
  status,
  headers,
  body,
  json,
}: ReadFields<typeof requestFields>): RequestCheck {
  const texts = [...(headers?.value ?? [])].map(([name, { value }]) => [name.toLowerCase(), value]);
  return {
    path: path?.value ?? '/',
    status: status?.value ?? 200,
    headers: Object.fromEntries(texts) as Record<string, string>,
    body: body?.value ?? null,
    json: Object.fromEntries([...(json?.value ?? [])].map(([at, { value }]) => [at, value])),
  };
}
