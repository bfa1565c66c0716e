import { CodedError, didYouMean, unreachable } from '../diagnostics/index.ts';
import { coerceToNumber, coerceToString, compareValues, isPrimitive, looseEquals, truthy } from './coerce.ts';
import { contains, endsWith, format, join, limited, parseJson, printJson, startsWith } from './functions.ts';
import type { Scope } from './scope.ts';
import type { Comparison, Expression } from './syntax.ts';
import { ObjectValue, type Value } from './value.ts';

/** What `.*` yields: what follows it is applied to each member instead of to the list. */
class FilteredList extends Array<Value> {
  static override get [Symbol.species]() {
    return Array;
  }
}

/**
 * Evaluates an expression; `&&`, `||` and `case` leave what they need not look at unevaluated.
 *
 * @throws CodedError `expressions/unknown-context`, `unavailable-function`, `bad-json`, `bad-format`, `bad-case`,
 * `too-large` or `too-deep`; whatever `scope.hashFiles` throws passes through. Nothing else.
 */
export function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'context':
      return contextNamed(expression.name, scope);
    case 'index':
      return index(evaluate(expression.target, scope), () => evaluate(expression.key, scope));
    case 'wildcard':
      return everyMember(evaluate(expression.target, scope));
    case 'not':
      return !truthy(evaluate(expression.operand, scope));
    case 'comparison':
      return compare(
        expression.operator,
        evaluate(expression.left, scope),
        evaluate(expression.right, scope),
      );
    case 'logical':
      return firstDecisive(expression, scope);
    case 'call':
      return call(expression, scope);
    default:
      return unreachable(expression);
  }
}

function contextNamed(name: string, scope: Scope): Value {
  const names = Object.keys(scope.contexts);
  const known = names.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  if (known !== undefined) return scope.contexts[known] ?? null;
  const near = didYouMean(name, names);
  throw new CodedError('expressions/unknown-context', `there is no context "${name}" here`, {
    notes: [`contexts here: ${names.length > 0 ? names.join(', ') : 'none'}`],
    ...(near === undefined ? {} : { help: `did you mean "${near}"?` }),
  });
}

/** The key of what has no members is not looked at. */
function index(target: Value, keyOf: () => Value): Value {
  if (isPrimitive(target)) return null;
  const key = keyOf();
  if (target instanceof FilteredList) {
    const found = Array.from(target, (item) => member(item, key)).filter((item) => item !== undefined);
    return FilteredList.from(found);
  }
  return member(target, key) ?? null;
}

function member(target: Value, key: Value): Value | undefined {
  if (!isPrimitive(key)) return undefined;
  if (target instanceof ObjectValue) return target.get(coerceToString(key));
  if (!Array.isArray(target)) return undefined;
  const position = Math.floor(coerceToNumber(key));
  return position >= 0 && position < target.length ? target[position] : undefined;
}

/** Of what has no members: none, not null. */
function everyMember(target: Value): Value {
  if (target instanceof FilteredList) return FilteredList.from(Array.from(target, membersOf).flat());
  return FilteredList.from(membersOf(target));
}

function membersOf(target: Value): Value[] {
  if (target instanceof ObjectValue) return target.values();
  return Array.isArray(target) ? Array.from(target) : [];
}

function compare(operator: Comparison, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return looseEquals(left, right);
    case '!=':
      return !looseEquals(left, right);
    case '<':
      return compareValues(left, right) === -1;
    case '>':
      return compareValues(left, right) === 1;
    case '<=':
      return looseEquals(left, right) || compareValues(left, right) === -1;
    case '>=':
      return looseEquals(left, right) || compareValues(left, right) === 1;
    default:
      return unreachable(operator);
  }
}

function firstDecisive(expression: Extract<Expression, { kind: 'logical' }>, scope: Scope): Value {
  let value: Value = null;
  for (const operand of expression.operands) {
    value = evaluate(operand, scope);
    if (truthy(value) === (expression.operator === '||')) return value;
  }
  return value;
}

type Call = Extract<Expression, { kind: 'call' }>;

/** Arguments are looked at only when they are needed, and once: a broken one that does not count does no harm. */
function call(expression: Call, scope: Scope): Value {
  const { name } = expression;
  const arg = (at: number) => evaluateArg(expression.args, at, scope);
  const all = () => expression.args.map((one) => coerceToString(evaluate(one, scope)));
  switch (name) {
    case 'case':
      return chooseCase(expression.args, scope);
    case 'success':
    case 'failure':
    case 'always':
    case 'cancelled':
      if (!scope.status) throw unavailable(name, 'it asks how the job stands, which only an `if` may');
      return scope.status[name](expression.args.length > 0 ? all() : undefined);
    case 'contains':
      return contains(arg(0), () => arg(1));
    case 'startsWith':
      return startsWith(arg(0), () => arg(1));
    case 'endsWith':
      return endsWith(arg(0), () => arg(1));
    case 'format':
      return format(coerceToString(arg(0)), expression.args.length - 1, (at) => arg(at + 1));
    case 'join':
      return join(arg(0), () => (expression.args.length > 1 ? arg(1) : ','));
    case 'toJSON':
      return limited(printJson(arg(0)));
    case 'fromJSON':
      return parseJson(coerceToString(arg(0)));
    case 'hashFiles':
      if (!scope.hashFiles) throw unavailable(name, 'files exist only while a job runs');
      return scope.hashFiles(all());
    default:
      return unreachable(name);
  }
}

function unavailable(name: string, reason: string): CodedError {
  return new CodedError('expressions/unavailable-function', `${name}() cannot be called here: ${reason}`);
}

function chooseCase(args: Expression[], scope: Scope): Value {
  for (let at = 0; at + 1 < args.length; at += 2) {
    const condition = evaluateArg(args, at, scope);
    if (typeof condition !== 'boolean') {
      throw new CodedError('expressions/bad-case', `condition ${at / 2 + 1} of case() is not true or false`, {
        help: "compare it with something, such as x == 'y'",
      });
    }
    if (condition) return evaluateArg(args, at + 1, scope);
  }
  return evaluateArg(args, args.length - 1, scope);
}

function evaluateArg(args: Expression[], at: number, scope: Scope): Value {
  const arg = args[at];
  return arg ? evaluate(arg, scope) : null;
}
