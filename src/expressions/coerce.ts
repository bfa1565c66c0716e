import { foldCase, ObjectValue, type Value } from './value.ts';

/** Whether a value counts as true: everything but null, false, 0, NaN and the empty string. */
export function truthy(value: Value): boolean {
  if (typeof value === 'number') return value !== 0 && !Number.isNaN(value);
  return typeof value === 'object' ? value !== null : Boolean(value);
}

/** The text that a value becomes inside other text: null is empty, lists are `Array`, objects are `Object`. */
export function coerceToString(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'number') return formatNumber(value);
  if (Array.isArray(value)) return 'Array';
  if (value instanceof ObjectValue) return 'Object';
  return String(value);
}

/** The number that a value counts as in comparisons; NaN where it is none. */
export function coerceToNumber(value: Value): number {
  if (value === null) return 0;
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'string' ? parseNumber(value) : NaN;
}

/** Whether a value is neither a list nor an object. */
export function isPrimitive(value: Value): value is null | boolean | number | string {
  return value === null || typeof value !== 'object';
}

/** What .NET takes for blank, which is not what JavaScript does: U+0085 is, U+FEFF is not. */
export const blankClass = String.raw`[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]`;
const blanksAround = new RegExp(`^${blankClass}+|${blankClass}+$`, 'g');

/**
 * Reads a number as the runner does: decimal with sign, point and exponent; `0x` and `0o` as 32-bit two's complement;
 * `Infinity` with a sign and in any case. Empty text is 0, anything else NaN.
 *
 * @see https://github.com/actions/runner src/Sdk/Expressions/Sdk/ExpressionUtility.cs
 */
export function parseNumber(text: string): number {
  const trimmed = text.replaceAll(blanksAround, '');
  if (trimmed === '') return 0;
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return Number(trimmed);
  if (/^0x[0-9a-fA-F]+$/.test(trimmed)) return toInt32(trimmed.slice(2), 16);
  if (/^0o[0-7]+$/.test(trimmed)) return toInt32(trimmed.slice(2), 8);
  if (/^\+?infinity$/i.test(trimmed)) return Infinity;
  return /^-infinity$/i.test(trimmed) ? -Infinity : NaN;
}

function toInt32(digits: string, radix: number): number {
  const value = Number.parseInt(digits, radix);
  if (value > 0xff_ff_ff_ff) return NaN;
  return value > 0x7f_ff_ff_ff ? value - 0x1_00_00_00_00 : value;
}

/** Fifteen significant digits, scientific from 1E+15 and below 0.0001, as .NET's `G15` prints. */
function formatNumber(value: number): string {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return String(value);
  const [mantissa = '', exponentText = '0'] = value.toExponential(14).split('e');
  const exponent = Number(exponentText);
  if (exponent > -5 && exponent < 15) {
    const decimals = Math.max(0, 14 - exponent);
    return trimZeros(value.toFixed(Math.min(decimals, 100)));
  }
  const sign = exponent < 0 ? '-' : '+';
  return `${trimZeros(mantissa)}E${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/**
 * GitHub's `==`: unequal types meet as numbers, text ignores case, NaN equals nothing, lists and objects equal only
 * themselves.
 */
export function looseEquals(left: Value, right: Value): boolean {
  const [a, b] = bringTogether(left, right);
  if (typeof a === 'string' && typeof b === 'string') return foldCase(a) === foldCase(b);
  return a === b;
}

/** How two values are ordered, or undefined where they are not (NaN, lists, objects). */
export function compareValues(left: Value, right: Value): -1 | 0 | 1 | undefined {
  const [a, b] = bringTogether(left, right);
  if (typeof a === 'string' && typeof b === 'string') return order(foldCase(a), foldCase(b));
  if (typeof a === 'number' && typeof b === 'number') return order(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return order(a, b);
  return undefined;
}

function order<T>(a: T, b: T): -1 | 0 | 1 | undefined {
  if (a < b) return -1;
  if (a > b) return 1;
  return a === b ? 0 : undefined;
}

function bringTogether(left: Value, right: Value): [Value, Value] {
  if (typeof left === typeof right && (left === null) === (right === null)) return [left, right];
  if (!isPrimitive(left) || !isPrimitive(right)) return [left, right];
  return [coerceToNumber(left), coerceToNumber(right)];
}
