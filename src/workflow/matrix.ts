import type { Finding, Result, Span } from '../diagnostics/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import {
  coerceToString,
  evaluateTemplate,
  fromJson,
  looseEquals,
  toJson,
  type Scope,
} from '../expressions/index.ts';
import type { WorkflowCode } from './codes.ts';
import { define } from './file.ts';
import type { Json, MatrixSource, Strategy } from './model.ts';

/** One job of a matrix. */
export interface MatrixInstance {
  /** Axis name → value; empty where the job has no matrix. */
  values: Record<string, Json>;
  /** From 0, in GitHub's order: the first axis turns slowest, entries that `include` adds come last. */
  index: number;
  total: number;
  /** ` (20, ubuntu)` as GitHub names it, without what `include` adds to a combination; empty without a matrix. */
  suffix: string;
}

/** GitHub's limit. */
const mostInstances = 256;

type Combination = Record<string, Json>;

/**
 * Expands a job's matrix; a job without one is one instance without values.
 *
 * @param scope - Must hold `github`, `needs`, `vars` and `inputs`; expressions inside the matrix see them.
 * @returns Findings where an expression fails or yields no list, where nothing is left, and beyond 256 instances.
 */
export function expandMatrix(strategy: Strategy | undefined, scope: Scope): Result<MatrixInstance[]> {
  if (!strategy?.matrix) return done([{ values: {}, name: {} }]);
  const { matrix, at } = strategy;
  try {
    const { axes, include, exclude } = resolve(matrix, scope, at);
    const crossed = cross(axes, at);
    const kept = crossed.filter((combination) => !exclude.some((entry) => matches(combination, entry)));
    const combinations = extend(kept, axes, include);
    if (combinations.length === 0)
      throw new MatrixMistake('empty-matrix', 'the matrix has no combination left', at);
    if (combinations.length > mostInstances) throw tooMany(combinations.length, at);
    return done(combinations);
  } catch (error) {
    if (error instanceof MatrixMistake) return { ok: false, findings: [error.finding] };
    if (error instanceof CodedError) return { ok: false, findings: [{ ...error.toFinding(), at }] };
    throw error;
  }
}

function done(combinations: Named[]): Result<MatrixInstance[]> {
  const total = combinations.length;
  const value = combinations.map(({ values, name }, index) => ({
    values,
    index,
    total,
    suffix: suffixOf(name),
  }));
  return { ok: true, value, warnings: [] };
}

/** Stops the expansion; never leaves this file. */
class MatrixMistake extends Error {
  readonly finding: Finding;
  constructor(code: WorkflowCode, message: string, at: Span, help?: string) {
    super(message);
    const finding: Finding = { code: `workflow/${code}`, severity: 'error', message, at, notes: [] };
    this.finding = help === undefined ? finding : { ...finding, help };
  }
}

function tooMany(count: number, at: Span): MatrixMistake {
  const help = 'take values away, or spread them over several jobs';
  return new MatrixMistake(
    'matrix-too-large',
    `the matrix has ${count} combinations, and ${mostInstances} are allowed`,
    at,
    help,
  );
}

interface Resolved {
  axes: [string, Json[]][];
  include: Combination[];
  exclude: Combination[];
}

function resolve(matrix: MatrixSource, scope: Scope, at: Span): Resolved {
  const source = matrix.kind === 'literal' ? matrix : undefined;
  const whole = source ? undefined : evaluateJson(matrix, scope, at);
  const axes = new Map<string, Json>();
  if (source)
    for (const [name, axis] of Object.entries(source.axes)) axes.set(name, evaluateJson(axis, scope, at));
  else if (!isObject(whole))
    throw new MatrixMistake('wrong-type', 'the matrix expression must yield an object', at, yieldHelp);
  else for (const [name, axis] of Object.entries(whole)) axes.set(name, axis);
  const include = source ? evaluateJson(source.include, scope, at) : (axes.get('include') ?? []);
  const exclude = source ? evaluateJson(source.exclude, scope, at) : (axes.get('exclude') ?? []);
  axes.delete('include');
  axes.delete('exclude');
  return {
    axes: [...axes].map(([name, values]) => [name, listOf(values, `the axis "${name}"`, at)]),
    include: objectsOf(include, '`include`', at),
    exclude: objectsOf(exclude, '`exclude`', at),
  };
}

const yieldHelp = 'look at the output it comes from: it must be JSON, read with fromJSON()';

type Source = Extract<MatrixSource, { kind: 'expression' }> | { kind: 'list'; values: Json[] };

function evaluateJson(source: Source | MatrixSource, scope: Scope, at: Span): Json {
  if (source.kind === 'expression')
    return toJson(evaluateTemplate(source.template.text, source.template.at, scope));
  return source.kind === 'list' ? inside(source.values, scope, at) : null;
}

/** Evaluates every text inside a value. */
function inside(value: Json, scope: Scope, at: Span): Json {
  if (typeof value === 'string')
    return value.includes('${{') ? toJson(evaluateTemplate(value, at, scope)) : value;
  if (Array.isArray(value)) return value.map((item) => inside(item, scope, at));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, inside(member, scope, at)]));
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: Json, what: string, at: Span): Json[] {
  if (!Array.isArray(value))
    throw new MatrixMistake('wrong-type', `${what} must yield a list`, at, yieldHelp);
  if (value.length === 0) {
    throw new MatrixMistake(
      'empty-matrix',
      `${what} has no values, so the job would never run`,
      at,
      yieldHelp,
    );
  }
  return value;
}

function objectsOf(value: Json, what: string, at: Span): Combination[] {
  if (!Array.isArray(value))
    throw new MatrixMistake('wrong-type', `${what} must yield a list`, at, yieldHelp);
  return value.map((item) => {
    if (isObject(item)) return item;
    throw new MatrixMistake('wrong-type', `every item of ${what} must be a mapping`, at, yieldHelp);
  });
}

function cross(axes: [string, Json[]][], at: Span): Combination[] {
  if (axes.length === 0) return [];
  const count = axes.reduce((product, [, values]) => product * values.length, 1);
  // Exclusions may bring a large product below the limit; a hopeless one is not even built.
  if (count > mostInstances * 100) throw tooMany(count, at);
  return axes.reduce<Combination[]>(
    (sofar, [name, values]) =>
      sofar.flatMap((combination) => values.map((value) => added(combination, name, value))),
    [{}],
  );
}

function added(combination: Combination, name: string, value: Json): Combination {
  const next = { ...combination };
  define(next, name, value);
  return next;
}

/**
 * Whether a combination has everything that a filter names. As GitHub, which makes an expression `matrix.a.b == 1` of each
 * leaf: what is absent is null there, and objects and lists may have more than the filter asks for.
 */
function matches(actual: Json, filter: Json): boolean {
  if (Array.isArray(filter)) {
    return filter.every((value, index) =>
      matches(Array.isArray(actual) ? (actual[index] ?? null) : null, value),
    );
  }
  if (!isObject(filter)) return looseEquals(fromJson(actual), filter);
  return Object.entries(filter).every(([key, value]) =>
    matches(isObject(actual) && Object.hasOwn(actual, key) ? (actual[key] ?? null) : null, value),
  );
}

/** A combination, and the part of it that names the job: not what `include` adds to a combination that is there already. */
interface Named {
  values: Combination;
  name: Combination;
}

/**
 * Adds `include`: an entry joins every combination whose axes it does not change; one that joins none becomes a
 * combination of its own. Values that earlier entries added may be overwritten, values of axes never.
 */
function extend(kept: Combination[], axes: [string, Json[]][], include: Combination[]): Named[] {
  const names = new Set(axes.map(([name]) => name));
  const originals = kept.map((combination) => ({ values: combination, name: combination }));
  const own: Named[] = [];
  for (const entry of include) {
    const { fixed, extra } = split(entry, names);
    const joined = originals.filter((original) => matches(original.name, fixed));
    // What an axis says stays as written there, also where the entry spells it in another way (20 and '20').
    for (const original of joined) original.values = { ...original.values, ...extra };
    const whole = { ...fixed, ...extra };
    if (joined.length === 0) own.push({ values: whole, name: whole });
  }
  return [...originals, ...own];
}

/** The keys of an entry that are axes, and the others. */
function split(entry: Combination, axes: Set<string>): { fixed: Combination; extra: Combination } {
  const pairs = Object.entries(entry);
  return {
    fixed: Object.fromEntries(pairs.filter(([key]) => axes.has(key))),
    extra: Object.fromEntries(pairs.filter(([key]) => !axes.has(key))),
  };
}

function suffixOf(values: Combination): string {
  const leaves = Object.values(values).flatMap(leavesOf);
  return leaves.length === 0 ? '' : ` (${leaves.join(', ')})`;
}

function leavesOf(value: Json): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(leavesOf);
  const text = coerceToString(value);
  return text === '' ? [] : [text];
}
