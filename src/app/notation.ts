import { isScalar } from 'yaml';
import { parseDuration } from './duration.ts';
import type { Shape } from './shapes.ts';

/** A value, or why the text is none and what to write instead. */
export type Noted<T> = { ok: true; value: T } | { ok: false; reason: string; help: string };

interface Notation<T> {
  /** Completes the sentence "… must be". */
  expects: string;
  example: string;
  /** For editors: every text that `parse` takes, and few others. */
  pattern: string;
  /** What may be written, in words. */
  allowed: string;
  parse(text: string): Noted<T>;
}

/** A text with a notation of its own, such as `10%` or `< 200ms`. */
export function notation<T>(rule: Notation<T>): Shape<T> {
  return {
    expects: rule.expects,
    example: rule.example,
    schema: { type: 'string', pattern: rule.pattern },
    read(node, reader, path) {
      if (!isScalar(node) || !['string', 'number'].includes(typeof node.value)) {
        return reader.wrongType(rule, node, path);
      }
      const text = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
      const parsed = rule.parse(text);
      if (parsed.ok) return parsed.value;
      return reader.report('app/bad-value', `${path}: ${parsed.reason}`, reader.span(node), {
        notes: [`allowed: ${rule.allowed}`],
        help: parsed.help,
      });
    },
  };
}

/** One of a few words. */
export function word<const T extends string>(expects: string, words: readonly T[]): Shape<T> {
  const shape: Shape<T> = {
    expects,
    example: words[0] ?? '',
    schema: { enum: words },
    read(node, reader, path) {
      if (!isScalar(node) || typeof node.value !== 'string') return reader.wrongType(shape, node, path);
      const found = words.find((one) => one === node.value);
      if (found !== undefined) return found;
      return reader.report('app/bad-value', `"${node.value}" is not ${expects}`, reader.span(node), {
        notes: [`allowed: ${words.join(', ')}`],
        help: `write it like this: ${path.split('.').at(-1)}: ${shape.example}`,
      });
    },
  };
  return shape;
}

/** A share of traffic in whole percent, 1-100, written as `10%`. */
export const percent = notation<number>({
  expects: 'a share such as 10%',
  example: '10%',
  pattern: '^(100|[1-9][0-9]?)%$',
  allowed: 'whole percent from 1% to 100%',
  parse(text) {
    const match = /^(-?\d+(?:\.\d+)?)\s*(%?)$/.exec(text);
    if (!match)
      return { ok: false, reason: `"${text}" is not a share of traffic`, help: 'write 10%, for example' };
    const value = Number(match[1]);
    if (match[2] === '') return { ok: false, reason: `"${text}" has no unit`, help: `write ${value}%` };
    if (value > 100)
      return { ok: false, reason: `${value}% is more than all traffic`, help: 'write at most 100%' };
    if (!Number.isInteger(value)) {
      return {
        ok: false,
        reason: `${value}% is not whole`,
        help: `write ${Math.max(1, Math.round(value))}%`,
      };
    }
    if (value < 1) return { ok: false, reason: `${value}% is no traffic`, help: 'write 1% or more' };
    if (text !== `${value}%`)
      return { ok: false, reason: `"${text}" is not written plainly`, help: `write ${value}%` };
    return { ok: true, value };
  },
});

/** An upper bound of the share of failed requests, written as `< 0.1%`; read as 0.001. */
export const errorRateBelow = notation<number>({
  expects: 'a bound such as "< 0.1%"',
  example: '"< 0.1%"',
  pattern: String.raw`^< ?0*[0-9]{1,2}(\.[0-9]+)?%$`,
  allowed: '"<" and a share of requests below 100%',
  parse(text) {
    const example = { help: 'write it like this: error-rate: "< 0.1%"' };
    const match = /^([<>]=?)?\s*(\d+(?:\.\d+)?)\s*(%?)$/.exec(text);
    if (!match) return { ok: false, reason: `"${text}" is not a bound`, ...example };
    const [, sign = '', number = '', unit] = match;
    if (sign.startsWith('>'))
      return { ok: false, reason: 'a rate of errors is bounded from above', ...example };
    if (unit === '') return { ok: false, reason: `"${text}" has no unit`, help: `write "< ${number}%"` };
    if (sign !== '<')
      return { ok: false, reason: `"${text}" does not begin with "<"`, help: `write "< ${number}%"` };
    const value = Number(number);
    if (value > 0 && value < 100) return { ok: true, value: Number((value / 100).toPrecision(12)) };
    const reason = value === 0 ? 'less than none is impossible' : `"< ${number}%" bounds nothing`;
    return { ok: false, reason, ...example };
  },
});

/** An upper bound of a time in ms, written as `< 200ms`. */
export const timeBelow = notation<number>({
  expects: 'a bound such as "< 200ms"',
  example: '"< 200ms"',
  pattern: '^< ?0*[1-9][0-9]*(ms|s|m|h)$',
  allowed: '"<" and a duration',
  parse(text) {
    const match = /^([<>]=?)?\s*(.*)$/.exec(text);
    const rest = match?.[2] ?? '';
    if (match?.[1]?.startsWith('>')) {
      return { ok: false, reason: 'a time is bounded from above', help: `write "< ${rest}"` };
    }
    if (/^\d+$/.test(rest)) {
      const help = `write "< ${rest}ms" if milliseconds are meant`;
      return { ok: false, reason: `"${text}" has no unit`, help };
    }
    const parsed = parseDuration(rest);
    if (!parsed.ok) return parsed;
    if (parsed.ms === 0)
      return { ok: false, reason: 'less than no time is impossible', help: 'write "< 200ms", for example' };
    if (match?.[1] !== '<')
      return { ok: false, reason: `"${text}" does not begin with "<"`, help: `write "< ${rest}"` };
    return { ok: true, value: parsed.ms };
  },
});

/** A share of more than nothing and at most so many percent, written as `1%`; read as 0.01. */
export function shareUpTo(mostPercent: number, example: string): Shape<number> {
  return notation({
    expects: `a share such as ${example}`,
    example,
    pattern: String.raw`^[0-9]+(\.[0-9]+)?%$`,
    allowed: `more than 0% and at most ${mostPercent}%`,
    parse(text) {
      const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text);
      const help = `write ${example}, for example`;
      if (!match) return { ok: false, reason: `"${text}" is not a share`, help };
      const value = Number(match[1]);
      if (match[2] === '') {
        const asPercent = Number((value * 100).toPrecision(12));
        const meant = value < 1 && asPercent <= mostPercent ? `${asPercent}%, or ` : '';
        const help = `write ${meant}${text}%${meant === '' ? '' : ' if that is meant'}`;
        return { ok: false, reason: `"${text}" has no unit`, help };
      }
      if (value > 0 && value <= mostPercent)
        return { ok: true, value: Number((value / 100).toPrecision(12)) };
      const reason = value === 0 ? `${text} would never be reached` : `${text} is more than ${mostPercent}%`;
      return { ok: false, reason, help };
    },
  });
}

/** A header that marks testers, written as `x-canary: yes`. */
export const headerPair = pair({
  kind: 'header',
  separator: ':',
  example: 'x-canary: yes',
  name: /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/,
});

/** A cookie that marks testers, written as `canary=yes`. */
export const cookiePair = pair({
  kind: 'cookie',
  separator: '=',
  example: 'canary=yes',
  name: /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/,
});

function pair(rule: { kind: string; separator: string; example: string; name: RegExp }) {
  const { kind, separator, example } = rule;
  return notation<{ name: string; value: string }>({
    expects: `a ${kind} such as "${example}"`,
    example: `"${example}"`,
    pattern: String.raw`^[A-Za-z0-9!#$%&'*+.^_|~-]+${separator} ?[!-~]([ -~]*[!-~])?$`,
    allowed: `a name, "${separator}" and a value`,
    parse(text) {
      const place = text.indexOf(separator);
      const name = text.slice(0, Math.max(place, 0));
      const value = text.slice(place + 1).trim();
      const right = rule.name.test(name) && /^[!-~]([ -~]*[!-~])?$/.test(value) && !/[;,"\\]/.test(value);
      if (place > 0 && right)
        return { ok: true, value: { name: kind === 'header' ? name.toLowerCase() : name, value } };
      return {
        ok: false,
        reason: `"${text}" is not a ${kind}`,
        help: `write it like this: ${kind}: "${example}"`,
      };
    },
  });
}
