import { CodedError } from '../diagnostics/index.ts';

/**
 * Reads `NAME=value` lines as people write them in `.env` files: `export` before, `#` comments, values in single quotes
 * as they are, in double quotes with `\n` and further lines.
 *
 * @throws CodedError `cli/bad-env-file` with the line.
 */
export function parseEnvFile(text: string, file: string): Record<string, string> {
  const values: Record<string, string> = {};
  const pattern =
    /[ \t]*(?:#[^\n]*|(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*(?:(?:'([^']*)'|"((?:\\[^]|[^"\\])*)")[ \t]*(?:#[^\n]*)?|([^\n]*)))?(?:\n|$)/y;
  const unix = text.replaceAll('\r\n', '\n').replace(/^\uFEFF/, '');
  while (pattern.lastIndex < unix.length) {
    const from = pattern.lastIndex;
    const found = pattern.exec(unix);
    if (!found) throw badLine(file, unix.slice(0, from).split('\n').length);
    const [, name, single, double, bare] = found;
    if (name !== undefined)
      values[name] = single ?? (double === undefined ? bareValue(bare) : unescape(double));
  }
  return values;
}

/** A `#` begins a comment only after a space, so that it may stand in a password. */
function bareValue(text: string = ''): string {
  return text.replace(/\s+#.*$/, '').trim();
}

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' };

function unescape(text: string): string {
  return text.replaceAll(/\\([^])/g, (_, letter: string) => escapes[letter] ?? letter);
}

function badLine(file: string, line: number): CodedError {
  return new CodedError('cli/bad-env-file', `${file}:${line} is not NAME=value`, {
    help: 'write a line for each: NAME=value, or NAME="a value with spaces"',
  });
}
