import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { CodedError, type Finding } from '../diagnostics/index.ts';
import { ObjectValue, readJson, type Value } from '../expressions/index.ts';
import { Mistake } from './mistake.ts';

/**
 * Reads the contexts of `--context`: JSON or YAML, an object with a member for each context. Keys keep their case.
 *
 * @throws CodedError `cli/no-context-file`; `Mistake` with `cli/bad-context-file` where the file is malformed.
 */
export async function readContextFile(cwd: string, file: string): Promise<ObjectValue> {
  const text = await readFile(resolve(cwd, file), 'utf8').catch((cause: unknown) => {
    throw new CodedError('cli/no-context-file', `${file} cannot be read`, {
      help: 'name a JSON or YAML file with the contexts, such as {"github": {"ref": "refs/heads/main"}}',
      cause,
    });
  });
  const value = parse(text, file);
  if (value instanceof ObjectValue) return value;
  throw new Mistake(
    [badFile('the file is not an object of contexts', file, text, 0)],
    new Map([[file, text]]),
  );
}

function parse(text: string, file: string): Value {
  try {
    return readJson(text, { caseSensitive: true });
  } catch {
    const document = parseDocument(text, { prettyErrors: false });
    if (document.errors.length > 0) {
      throw new Mistake(
        document.errors.map((error) => badFile(error.message, file, text, error.pos[0])),
        new Map([[file, text]]),
      );
    }
    try {
      return valueOf(document.toJS({ mapAsMap: true }));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Mistake([badFile(message, file, text, 0)], new Map([[file, text]]));
    }
  }
}

function valueOf(yaml: unknown): Value {
  if (yaml instanceof Map) {
    const entries = [...yaml].map(([key, value]) => [String(key), valueOf(value)] as const);
    return new ObjectValue(entries, { caseSensitive: true });
  }
  if (Array.isArray(yaml)) return yaml.map(valueOf);
  if (typeof yaml === 'number' || typeof yaml === 'string' || typeof yaml === 'boolean') return yaml;
  return null;
}

function badFile(message: string, file: string, text: string, offset: number): Finding {
  const before = text.slice(0, offset).split('\n');
  const start = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  return {
    code: 'cli/bad-context-file',
    severity: 'error',
    message,
    at: { file, start, end: { line: start.line, column: start.column + 1 } },
    notes: [],
    help: 'write JSON or YAML with a member for each context, such as {"github": {"ref": "refs/heads/main"}}',
  };
}
