import { isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import { coerceToString } from '../expressions/index.ts';
import type { Json } from './model.ts';

/** What YAML makes of a scalar: `10` is a number and `'10'` is text. */
export function scalarKind(node: Node | null): 'text' | 'number' | 'boolean' | 'nothing' {
  const value = isScalar(node) ? node.value : null;
  if (typeof value === 'number' || typeof value === 'bigint') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'text' : 'nothing';
}

/** Numbers and booleans become text as the expression language prints them: `1.10` is `1.1`. */
export function scalarText({ value }: Scalar): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return coerceToString(value);
  return typeof value === 'bigint' ? String(value) : '';
}

/** A scalar as JSON; what JSON does not know is null. */
export function jsonScalar({ value }: Scalar): Json {
  return typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number' ? value : null;
}

/** What stands somewhere, in words. */
export function describe(node: Node | null): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (isScalar(node) && node.value !== null) return `"${scalarText(node)}"`;
  return 'nothing';
}

/** Whether nothing stands behind a key. */
export function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

/** Whether a list has no items. */
export function isEmptyList(node: Node | null): boolean {
  return isSeq(node) && node.items.length === 0;
}

/** Any scalar as text; undefined where there is none. */
export function peekText(node: unknown): string | undefined {
  return isScalar(node) ? scalarText(node) : undefined;
}

/** The text of a scalar that is text; numbers and booleans are none. */
export function asText(node: Node | null): string | undefined {
  return isScalar(node) && typeof node.value === 'string' ? node.value : undefined;
}

/** Whether a node is a mapping with this key. */
export function hasKey(node: Node | null, key: string): boolean {
  return isMap(node) && node.has(key);
}

/** The text behind a key of what may be a mapping. */
export function textAtKey(node: Node | null, key: string): string | undefined {
  return isMap(node) ? peekText(node.get(key, true)) : undefined;
}
