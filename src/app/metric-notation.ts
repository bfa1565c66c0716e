import { isScalar } from 'yaml';
import { parseBytes } from '../compose/index.ts';
import { parseDuration } from './duration.ts';
import { notation } from './notation.ts';
import type { Shape } from './shapes.ts';

/** A number within limits, whole or not. */
export function number(example: string, minimum?: number): Shape<number> {
  const shape: Shape<number> = {
    expects: minimum === undefined ? 'a number' : `a number of ${minimum} or more`,
    example,
    schema: { type: 'number', ...(minimum === undefined ? {} : { minimum }) },
    read(node, reader, path) {
      if (!isScalar(node) || typeof node.value !== 'number') return reader.wrongType(shape, node, path);
      if (Number.isFinite(node.value) && node.value >= (minimum ?? node.value)) return node.value;
      return reader.report(
        'app/bad-value',
        `${path} must be ${shape.expects}, not ${node.value}`,
        reader.span(node),
        { help: `write it like this: ${path.split('.').at(-1)}: ${example}` },
      );
    },
  };
  return shape;
}

/** Memory in bytes, written as in a Compose file. */
export const size = notation<number>({
  expects: 'a size such as 512M',
  example: '512M',
  pattern: '^[0-9]+(\\.[0-9]+)? ?([kKmMgGtTpP][iI]?[bB]?|[bB])$',
  allowed: 'a number and k, M, G or T; a kilobyte has 1024 bytes',
  parse(text) {
    const help = 'write 512M, for example';
    if (/^\d+(\.\d+)?$/.test(text))
      return { ok: false, reason: `"${text}" has no unit`, help: `write ${text}M` };
    const bytes = parseBytes(text);
    if (bytes === null) return { ok: false, reason: `"${text}" is not a size`, help };
    return bytes > 0 ? { ok: true, value: bytes } : { ok: false, reason: 'no process needs no memory', help };
  },
});

/** Processor time in ms. */
export const processorTime = notation<number>({
  expects: 'a time such as 20ms',
  example: '20ms',
  pattern: '^0*[1-9][0-9]*(ms|s|m|h)$',
  allowed: 'a duration of processor time for each request',
  parse(text) {
    if (/^\d+$/.test(text))
      return {
        ok: false,
        reason: `"${text}" has no unit`,
        help: `write ${text}ms if milliseconds are meant`,
      };
    const parsed = parseDuration(text);
    if (!parsed.ok) return parsed;
    if (parsed.ms > 0) return { ok: true, value: parsed.ms };
    return { ok: false, reason: 'no request needs no processor', help: 'write 20ms, for example' };
  },
});

/** Where something is asked over HTTP. */
export const webAddress = notation<string>({
  expects: 'a URL such as http://127.0.0.1:9090',
  example: 'http://127.0.0.1:9090',
  pattern: '^https?://\\S+$',
  allowed: 'what begins with http:// or https://, without user and password',
  parse(text) {
    const help = 'write http://127.0.0.1:9090, for example';
    const url = /^https?:\/\/\S+$/.test(text) ? URL.parse(text) : null;
    if (!url) return { ok: false, reason: `"${text}" is not a URL that can be asked`, help };
    if (url.username === '' && url.password === '') return { ok: true, value: text };
    return {
      ok: false,
      reason: 'this URL has a user or a password in it, which everybody would read here',
      help: 'ask by "command", which can read them from a file',
    };
  },
});

/** What lines of a log are searched for. */
export const regularExpression = notation<string>({
  expects: 'a regular expression',
  example: "'ERROR|FATAL'",
  pattern: '.',
  allowed: 'regular expressions of JavaScript, without the slashes around them',
  parse(text) {
    const everyLine = {
      reason: 'every line would match, since an empty one does',
      help: "write 'ERROR|FATAL', for example",
    };
    try {
      return new RegExp(text).test('') ? { ok: false, ...everyLine } : { ok: true, value: text };
    } catch (error) {
      const why = (error as Error).message.replace(/^Invalid regular expression: /, '');
      const reason = `this is not a regular expression: ${why}`;
      return { ok: false, reason, help: String.raw`put "\" before a sign that means itself` };
    }
  },
});
