import { isAbsolute } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import type { ProcessSpec } from './protocol.ts';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string' && value !== '' && !value.includes('\0');
const isPath: Check = (value) => isText(value) && isAbsolute(value as string);
const isBoolean: Check = (value) => typeof value === 'boolean';

const fields: Record<keyof ProcessSpec, [Check, string]> = {
  id: [(value) => isText(value) && !/[\r\n]/.test(value as string), 'a line of text'],
  scope: [isText, 'text'],
  argv: [
    (value) => Array.isArray(value) && isText(value[0]) && value.every(isArgument),
    'a list of texts that begins with the program',
  ],
  cwd: [isPath, 'an absolute path'],
  env: [isEnvironment, 'texts by name'],
  logFile: [isPath, 'an absolute path'],
  restart: [(value) => value === 'always' || value === 'never', '"always" or "never"'],
  needsPort: [isBoolean, 'true or false'],
  stopGraceMs: [(value) => Number.isSafeInteger(value) && (value as number) >= 0, 'a number of ms from 0'],
};

/** Takes a spec from outside. Throws `supervisor/invalid-spec`, which names every wrong field. */
export function parseSpec(input: unknown): ProcessSpec {
  const given = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>;
  const notes = Object.entries(fields)
    .filter(([name, [check]]) => !check(given[name]))
    .map(([name, [, allowed]]) => `${name} must be ${allowed}`);
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(fields, name)) notes.push(`${name} is not known`);
  }
  if (notes.length > 0) {
    throw new CodedError('supervisor/invalid-spec', 'the process cannot be started as described', {
      notes,
      help: 'correct the fields named above',
    });
  }
  return given as unknown as ProcessSpec;
}

function isArgument(value: unknown): boolean {
  return typeof value === 'string' && !value.includes('\0');
}

function isEnvironment(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(
    ([name, text]) => name !== '' && !/[=\0]/.test(name) && typeof text === 'string' && !text.includes('\0'),
  );
}
