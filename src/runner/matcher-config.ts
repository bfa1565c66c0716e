import { readFileSync } from 'node:fs';

/** Which group of a pattern holds what. */
const groups = ['file', 'line', 'column', 'severity', 'code', 'message', 'fromPath'] as const;

/** What a problem matcher finds in a line. */
export type ProblemField = (typeof groups)[number];

/** One line of a problem, as a regular expression finds it. */
export interface ProblemPattern {
  regexp: RegExp;
  /** Number of the group that holds the field. */
  groups: Partial<Record<ProblemField, number>>;
  /** The last pattern goes on matching further lines. */
  loop: boolean;
}

/** A problem matcher of an `add-matcher` file. */
export interface MatcherConfig {
  owner: string;
  /** Of findings that say none themselves; empty means error. */
  severity: string;
  /** One for each line of a problem; at least one. */
  patterns: ProblemPattern[];
}

/**
 * Reads the matchers of a file; throws when they break GitHub's rules.
 *
 * @see https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md
 */
export function readMatchers(path: string): MatcherConfig[] {
  const config = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, '')) as unknown;
  const written = objectOf(config)['problemMatcher'] ?? [];
  if (!Array.isArray(written)) throw new Error("'problemMatcher' must be a list");
  const matchers = written.map(matcherOf);
  for (const [index, { owner }] of matchers.entries()) {
    if (matchers.findIndex((other) => sameOwner(other.owner, owner)) !== index)
      throw new Error(`the owner '${owner}' stands twice`);
  }
  return matchers;
}

/** Owners are compared without regard to case. */
export function sameOwner(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function matcherOf(value: unknown): MatcherConfig {
  const { owner, severity = '', pattern } = objectOf(value);
  if (typeof owner !== 'string' || owner === '') throw new Error('a matcher has no owner');
  if (typeof severity !== 'string' || !['', 'error', 'warning', 'notice'].includes(severity.toLowerCase()))
    throw new Error(`matcher '${owner}' has a severity that is not error, warning or notice`);
  if (!Array.isArray(pattern) || pattern.length === 0) throw new Error(`matcher '${owner}' has no patterns`);
  const patterns = pattern.map((one, index) => patternOf(one, index === pattern.length - 1 && index > 0));
  for (const group of groups) {
    if (patterns.filter((one) => one.groups[group] !== undefined).length > 1)
      throw new Error(`matcher '${owner}' sets '${group}' twice`);
  }
  if (!patterns.some((one) => one.groups.message !== undefined))
    throw new Error(`matcher '${owner}' has no pattern that sets 'message'`);
  return { owner, severity, patterns };
}

function patternOf(value: unknown, mayLoop: boolean): ProblemPattern {
  const written = objectOf(value);
  const source = written['regexp'] ?? '';
  if (typeof source !== 'string') throw new Error("'regexp' must be text");
  const regexp = new RegExp(source);
  const count = (new RegExp(`${source}|`).exec('')?.length ?? 1) - 1;
  const numbers: ProblemPattern['groups'] = {};
  for (const group of groups) {
    const number = written[group];
    if (number === undefined || number === null) continue;
    if (typeof number !== 'number' || number < 0 || number > count)
      throw new Error(`'${group}' is not the number of a group of ${source}`);
    numbers[group] = number;
  }
  const loop = written['loop'] === true;
  if (loop && !mayLoop) throw new Error("only the last of several patterns may set 'loop'");
  if (loop && numbers.message === undefined) throw new Error("a pattern that loops must set 'message'");
  return { regexp, groups: numbers, loop };
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new Error('an object is expected');
}
