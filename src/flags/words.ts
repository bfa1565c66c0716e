import type { Flag, FlagJson } from './model.ts';
import { operationOf } from './operators.ts';

/** Who gets what by the rules of a flag, in words: `on for 10 %, off for 90 %`; empty where it has none. */
export function targetingText({ targeting }: Pick<Flag, 'targeting'>): string {
  return targeting === undefined || Object.keys(targeting).length === 0 ? '' : resultText(targeting);
}

/** A value as a person would write it; texts in quotes. */
export function valueText(value: FlagJson | undefined): string {
  return JSON.stringify(value) ?? 'nothing';
}

/** The shares that a rule gives out by user; null when it is another rule, or one over other attributes. */
export function sharesOf(rule: FlagJson): { variant: string; weight: number }[] | null {
  const operation = operationOf(rule);
  if (operation?.operator !== 'fractional') return null;
  const shares = operation.given.map((bucket) => {
    const [variant, weight = 1] = Array.isArray(bucket) ? bucket : [];
    return typeof variant === 'string' && typeof weight === 'number' ? { variant, weight } : null;
  });
  return shares.every((share) => share !== null) ? shares : null;
}

function resultText(rule: FlagJson): string {
  if (typeof rule === 'string' || typeof rule === 'boolean') return String(rule);
  const shares = sharesOf(rule);
  if (shares) return sharesText(shares);
  const operation = operationOf(rule);
  if (operation?.operator === 'if') return branchesText(operation.given);
  return rule === null ? 'the default' : conditionText(rule);
}

function branchesText(given: readonly FlagJson[]): string {
  const [condition = null, result = null, ...rest] = given;
  const first = `${resultText(result)} if ${conditionText(condition)}`;
  if (rest.length === 0) return first;
  return `${first}, else ${rest.length === 1 ? resultText(rest[0] ?? null) : branchesText(rest)}`;
}

function sharesText(shares: readonly { variant: string; weight: number }[]): string {
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  const percent = (weight: number) => Number(((100 * weight) / (total || 1)).toFixed(2));
  return shares.map(({ variant, weight }) => `${variant} for ${percent(weight)} %`).join(', ');
}

const between: Record<string, string> = {
  in: 'in',
  starts_with: 'starts with',
  ends_with: 'ends with',
  and: 'and',
  or: 'or',
};

function conditionText(rule: FlagJson): string {
  const operation = operationOf(rule);
  if (operation === null) return valueText(rule);
  const { operator, given } = operation;
  const [first = null] = given;
  if (operator === 'var') return nameText(first);
  if (operator === '$ref') return nameText(first);
  if (operator === '!') return `not ${conditionText(first)}`;
  if (operator === 'sem_ver') {
    const [version = null, relation, other] = given;
    return `${conditionText(version)} ${nameText(relation)} ${nameText(other)}`;
  }
  const word = between[operator] ?? (/^[=!<>+*/%-]/.test(operator) ? operator : null);
  return word === null ? valueText(rule) : given.map(conditionText).join(` ${word} `);
}

/** A text without quotes, where no value could be meant. */
function nameText(value: FlagJson | undefined): string {
  return typeof value === 'string' ? value : valueText(value);
}
