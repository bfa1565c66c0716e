import { didYouMean, type Finding, type Span } from '../diagnostics/index.ts';
import { mistake } from './locate.ts';
import { childrenOf, signatureOf, type Expression, type FunctionName } from './syntax.ts';

/** A path into a context, as far as it is written out: `steps.build.outputs.x`, `steps['build']`. */
export interface Reference {
  /** Lower case. */
  context: string;
  /** Keys in the order written; null where only evaluation can tell, or where `*` stands. */
  path: (string | null)[];
  /** Place of each key of `path`. */
  keysAt: Span[];
  at: Span;
}

/** Everything that an expression names. */
export interface NamesUsed {
  /** As written, each with its place. */
  contexts: { name: string; at: Span }[];
  functions: { name: FunctionName; argCount: number; at: Span }[];
  /** One for each context, with the longest path that follows it. */
  references: Reference[];
}

/** Finds the contexts and functions that an expression uses, in the order written. */
export function namesUsed(expression: Expression): NamesUsed {
  const used: NamesUsed = { contexts: [], functions: [], references: [] };
  visit(expression, used);
  return used;
}

/** Whether the expression asks for the job's status, and so brings its own condition. */
export function usesStatus(expression: Expression): boolean {
  return namesUsed(expression).functions.some(({ name }) => signatureOf(name).status);
}

function visit(expression: Expression, used: NamesUsed): void {
  if (expression.kind === 'context' || expression.kind === 'index' || expression.kind === 'wildcard') {
    visitPath(expression, used);
    return;
  }
  if (expression.kind === 'call') {
    used.functions.push({ name: expression.name, argCount: expression.args.length, at: expression.at });
  }
  for (const child of childrenOf(expression)) visit(child, used);
}

function visitPath(expression: Expression, used: NamesUsed): void {
  const keys: { key: string | null; at: Span; expression?: Expression }[] = [];
  let target = expression;
  while (target.kind === 'index' || target.kind === 'wildcard') {
    keys.unshift(
      target.kind === 'wildcard'
        ? { key: null, at: target.at }
        : { key: literalKey(target.key), at: target.key.at, expression: target.key },
    );
    target = target.target;
  }
  if (target.kind === 'context') {
    used.contexts.push({ name: target.name, at: target.at });
    used.references.push({
      context: target.name.toLowerCase(),
      path: keys.map(({ key }) => key),
      keysAt: keys.map(({ at }) => at),
      at: expression.at,
    });
  } else visit(target, used);
  for (const { expression: key } of keys) if (key) visit(key, used);
}

function literalKey(key: Expression): string | null {
  return key.kind === 'literal' && typeof key.value === 'string' ? key.value : null;
}

/** What may be named at a place. */
export interface Available {
  contexts: readonly string[];
  functions: readonly FunctionName[];
  /** Whether `success` and `failure` take the names of jobs, as they do in a job's `if` alone. */
  statusOfJobs?: boolean;
  /** The place in words, such as "a step's `run`". */
  place: string;
}

/** Judges every context and function of an expression by what its place offers. */
export function checkNames(expression: Expression, available: Available): Finding[] {
  const used = namesUsed(expression);
  return [
    ...used.contexts.flatMap(({ name, at }) => contextFinding(name, at, available)),
    ...used.functions.flatMap((call) => functionFinding(call, available)),
  ];
}

function contextFinding(name: string, at: Span, available: Available): Finding[] {
  if (available.contexts.includes(name.toLowerCase())) return [];
  const near = didYouMean(name, available.contexts);
  return [
    mistake('unknown-context', `there is no context "${name}" in ${available.place}`, at, {
      notes: [`contexts here: ${available.contexts.length > 0 ? available.contexts.join(', ') : 'none'}`],
      help: near === undefined ? placeHelp(name.toLowerCase(), available) : `did you mean "${near}"?`,
    }),
  ];
}

/** What only a job that has begun knows. */
const ofSteps = ['env', 'job', 'matrix', 'runner', 'steps', 'strategy'];

/** Where a context is that is not here. */
function placeHelp(name: string, available: Available): string | undefined {
  // The most common of these mistakes has a way of its own.
  if (name === 'secrets' && available.contexts.includes('env'))
    return "put the secret into the job's `env`, and look at `env.NAME` here";
  if (name === 'secrets') return 'use it in the `env` or `with` of a step';
  return ofSteps.includes(name) ? 'use it in a step of the job' : undefined;
}

/** Functions that only some places offer; all others exist everywhere. */
const placeBound: readonly FunctionName[] = ['hashFiles', 'success', 'failure', 'always', 'cancelled'];

function functionFinding(call: NamesUsed['functions'][number], available: Available): Finding[] {
  const { name, argCount, at } = call;
  if (!placeBound.includes(name)) return [];
  if (available.functions.includes(name)) {
    if (argCount === 0 || !signatureOf(name).status || available.statusOfJobs) return [];
    const message = `${name}() takes no arguments in ${available.place}, and here are ${argCount}`;
    return [mistake('argument-count', message, at, { help: `write ${name}()` })];
  }
  const help = name === 'hashFiles' ? 'use it in the steps of a job, where files exist' : 'use it in an `if`';
  return [mistake('unavailable-function', `${name}() cannot be called in ${available.place}`, at, { help })];
}
