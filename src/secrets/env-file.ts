import { homedir } from 'node:os';
import { join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import { readPrivateFile } from './private-file.ts';

/** Variables of an env file, beside every mistake in it. */
export interface EnvFile {
  env: Record<string, string>;
  findings: Finding[];
}

/**
 * Reads an env file of the server's machine: mode 0600 or 0400, ours, and strictly `NAME=value` lines.
 * A missing or open file is a finding, too; no finding ever quotes a value.
 *
 * @param path - Absolute, or below the home folder with `~/`.
 */
export async function readEnvFile(path: string): Promise<EnvFile> {
  const file = envFilePath(path);
  try {
    const text = await readPrivateFile(file);
    if (text !== null) return parseEnvFile(file, text);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { env: {}, findings: [error.toFinding()] };
  }
  const finding: Finding = {
    code: 'secrets/no-env-file',
    severity: 'error',
    message: `the env file ${file} does not exist on this machine`,
    notes: [],
    help: `make it here, with mode 0600: install -m 600 /dev/null ${file}`,
  };
  return { env: {}, findings: [finding] };
}

/** Where an env file lies: `~/` is the home folder of the server's user. */
export function envFilePath(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}

/**
 * One variable a line: `NAME=value`, `NAME='as it stands'` or `NAME="with \n, \" and \\"`; `export` before it is allowed,
 * a comment starts its line with `#`. Nothing is expanded: `$` means itself.
 */
export function parseEnvFile(file: string, text: string): EnvFile {
  const env: Record<string, string> = {};
  const findings: Finding[] = [];
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    const parsed = parseLine(line);
    const mistake =
      'mistake' in parsed
        ? parsed.mistake
        : Object.hasOwn(env, parsed.name)
          ? {
              code: 'secrets/duplicate-variable',
              message: `"${parsed.name}" is set twice`,
              help: 'remove one of the two',
            }
          : undefined;
    if (!mistake && 'name' in parsed) env[parsed.name] = parsed.value;
    if (mistake)
      findings.push(
        locate(mistake, {
          file,
          line: index + 1,
          width: /^\s*(?:export\s+)?[\w-]*/.exec(line)?.[0].length ?? 0,
        }),
      );
  }
  return { env, findings };
}

interface Mistake {
  code: string;
  message: string;
  help: string;
}

type Line = { name: string; value: string } | { mistake: Mistake };

function parseLine(line: string): Line {
  const match = /^\s*(?:export\s+)?([^=]*)=(.*)$/.exec(line);
  const mistake = (code: string, message: string, help: string): Line => ({
    mistake: { code, message, help },
  });
  if (!match)
    return mistake(
      'secrets/env-line',
      'this line is not "NAME=value"',
      'write it as NAME=value, or start it with #',
    );
  const [, name = '', raw = ''] = match;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    const help = 'use letters, digits and "_", with no space before the "="';
    return mistake('secrets/variable-name', 'the text before "=" is not a name of a variable', help);
  }
  const value = parseValue(raw.trim());
  if (value !== null) return { name, value };
  const help = 'put the whole value in quotes, and nothing after them; inside double quotes write \\" for "';
  return mistake('secrets/env-value', `the value of "${name}" is not well quoted`, help);
}

/** Null when quotes or spaces leave open what is meant. */
function parseValue(raw: string): string | null {
  if (raw.startsWith("'")) return /^'([^']*)'$/.exec(raw)?.[1] ?? null;
  if (!raw.startsWith('"')) return /["'\s]/.test(raw) ? null : raw;
  const inner = /^"((?:[^"\\]|\\["\\nrt$])*)"$/.exec(raw)?.[1];
  const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' };
  return inner?.replaceAll(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter) ?? null;
}

function locate(mistake: Mistake, place: { file: string; line: number; width: number }): Finding {
  const { file, line, width } = place;
  const at = { file, start: { line, column: 1 }, end: { line, column: 1 + Math.max(1, width) } };
  return { ...mistake, severity: 'error', at, notes: [] };
}
