import type { Span } from '../diagnostics/index.ts';
import type { Findings } from './findings.ts';
import { interpolate, type Lookup, type Trouble } from './interpolate.ts';

/** An env file to be read. */
export interface EnvText {
  path: string;
  text: string;
  /** Variables that values may refer to beside those of the file above them, and that names without value take over. */
  lookup: Lookup;
}

/** One `NAME=value`, a comment or an empty line; values in quotes may go over several lines. */
const statement =
  /[ \t]*(?:#[^\n]*|(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*(?:[=:][ \t]*(?:'((?:\\'|[^'])*)'|"((?:\\[^]|[^"\\])*)"|(?![ \t"'])([^\n]*))|(?=\n|$))[ \t]*(?:#[^\n]*)?)?(?:\n|$)/y;

/**
 * Reads an env file as Compose does: `export`, quotes, comments, several lines, `\n` in double quotes, references to
 * variables outside single quotes, and a name alone that is taken over from the environment.
 */
export function readEnvText(file: EnvText, findings: Findings): Map<string, string> {
  const values = new Map<string, string>();
  const text = file.text.replaceAll('\r\n', '\n').replace(/^\uFEFF/, '');
  const lookup: Lookup = (name) => file.lookup(name) ?? values.get(name);
  let from = 0;
  while (from < text.length) {
    statement.lastIndex = from;
    const found = statement.exec(text);
    if (!found) {
      const end = text.indexOf('\n', from);
      reportLine(text.slice(from, end === -1 ? undefined : end), lineAt(file.path, text, from), findings);
      from = end === -1 ? text.length : end + 1;
      continue;
    }
    const [whole, name, single, double, bare] = found;
    const at = lineAt(file.path, text, from);
    from += Math.max(whole.length, 1);
    if (name === undefined) continue;
    const expand = (value: string) =>
      interpolate(value, lookup, (trouble) => reportReference(trouble, name, at, findings));
    if (single !== undefined) values.set(name, single.replaceAll("\\'", "'"));
    else if (double !== undefined) values.set(name, expand(unescaped(double)));
    else if (bare !== undefined) values.set(name, expand(withoutComment(bare)));
    else {
      const inherited = file.lookup(name);
      if (inherited !== undefined) values.set(name, inherited);
    }
  }
  return values;
}

/** A `#` begins a comment only after a space, so that it may stand in a password. */
function withoutComment(text: string): string {
  return text.replace(/\s+#.*$/, '').trim();
}

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' };

/** An escaped dollar sign stays one. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([^])/g, (_, letter: string) =>
    letter === '$' ? '$$' : (escapes[letter] ?? letter),
  );
}

/** Lines as `docker run --env-file` reads them: nothing is quoted, and nothing is replaced. */
export function readRawEnvText({ path, text, lookup }: EnvText, findings: Findings): Map<string, string> {
  const values = new Map<string, string>();
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    const cut = line.indexOf('=');
    const name = (cut === -1 ? line : line.slice(0, cut)).trim();
    const value = cut === -1 ? lookup(name) : line.slice(cut + 1);
    const at = lineSpan(path, index + 1, line.length);
    if (name === '' || /\s/.test(name)) reportLine(line, at, findings);
    else if (value !== undefined) values.set(name, value);
  }
  return values;
}

/** Values are never quoted: they may be secrets. */
function reportLine(line: string, at: Span, findings: Findings): void {
  const open = /=\s*["']/.test(line);
  findings.error(
    'compose/env-line',
    open ? 'this value is not well quoted' : 'this line is not NAME=value',
    at,
    {
      help: open
        ? 'close the quote, and write nothing but a comment behind it'
        : 'write NAME=value, or begin the line with #',
    },
  );
}

function reportReference(trouble: Trouble, name: string, at: Span, findings: Findings): void {
  if (trouble.kind === 'unset') {
    findings.warning(
      'compose/unset-variable',
      `the variable ${trouble.name} is not set; it stays empty`,
      at,
      {
        help: `set ${trouble.name}, or put the value of ${name} in single quotes if the dollar sign is meant`,
        once: `unset ${trouble.name}`,
      },
    );
  } else if (trouble.kind === 'required') {
    findings.error('compose/required-variable', `the variable ${trouble.name} is required for ${name}`, at, {
      help: `set ${trouble.name} in the environment of the app`,
    });
  } else {
    findings.error(
      'compose/bad-reference',
      `the value of ${name} holds a dollar sign that refers to nothing`,
      at,
      {
        help: 'put the value in single quotes if the dollar sign is meant',
      },
    );
  }
}

function lineAt(path: string, text: string, offset: number): Span {
  const line = text.slice(0, offset).split('\n').length;
  const end = text.indexOf('\n', offset);
  return lineSpan(path, line, (end === -1 ? text.length : end) - offset);
}

function lineSpan(file: string, line: number, length: number): Span {
  return { file, start: { line, column: 1 }, end: { line, column: length + 1 } };
}
