import type { FlagJson } from './model.ts';

/** Operators of JSON logic and of flagd that a rule may use. @see https://flagd.dev/reference/flag-definitions/ */
export const operators: readonly string[] = [
  'if and or ! !! var missing missing_some in cat substr merge',
  '== === != !== > >= < <= + - * / % min max',
  'map filter reduce all none some',
  'fractional sem_ver starts_with ends_with $ref',
].flatMap((line) => line.split(' '));

/** A rule taken apart: `{ "==": [a, b] }`; null for what is a plain value. */
export function operationOf(rule: FlagJson): { operator: string; given: FlagJson[] } | null {
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) return null;
  const [entry, ...others] = Object.entries(rule);
  if (entry === undefined || others.length > 0) return null;
  const [operator, given] = entry;
  return { operator, given: Array.isArray(given) ? given : [given] };
}

/** A path into a document, as from its top. */
export type Path = readonly (string | number)[];

/** A place in a rule where the name of a variant may stand as it is. */
export interface NamedVariant {
  path: Path;
  name: string;
}

/** Results that a rule names outright; what it computes otherwise is not known before it is asked. */
export function namedVariants(rule: FlagJson, path: Path): NamedVariant[] {
  if (typeof rule === 'string' || typeof rule === 'boolean') return [{ path, name: String(rule) }];
  const operation = operationOf(rule);
  if (operation === null) return [];
  const { operator, given } = operation;
  const at = (index: number) => [...path, operator, index];
  if (operator === 'if') {
    const isResult = (index: number) => index % 2 === 1 || index === given.length - 1;
    return given.flatMap((one, index) => (isResult(index) ? namedVariants(one, at(index)) : []));
  }
  if (operator === 'fractional') {
    return given.flatMap((bucket, index) => {
      const [name] = Array.isArray(bucket) ? bucket : [];
      return name === undefined ? [] : namedVariants(name, [...at(index), 0]);
    });
  }
  return [];
}

/** Every operation of a rule, outermost first. */
export function operationsOf(
  rule: FlagJson,
  path: Path,
): { operator: string; given: FlagJson[]; path: Path }[] {
  if (Array.isArray(rule)) return rule.flatMap((one, index) => operationsOf(one, [...path, index]));
  const operation = operationOf(rule);
  if (operation === null) return [];
  const { operator } = operation;
  const inner = (rule as Record<string, FlagJson>)[operator] as FlagJson;
  return [{ ...operation, path: [...path, operator] }, ...operationsOf(inner, [...path, operator])];
}
