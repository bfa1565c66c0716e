import { unreachable, type Span } from '../diagnostics/index.ts';

/** Comparisons; `&&` and `||` stand apart because they may leave an operand unevaluated. */
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** A parsed expression: what stands between `${{` and `}}`. */
export type Expression =
  | { kind: 'literal'; value: null | boolean | number | string; at: Span }
  | { kind: 'context'; name: string; at: Span }
  /** `target.key` and `target['key']` alike. */
  | { kind: 'index'; target: Expression; key: Expression; at: Span }
  /** `target.*` and `target[*]` alike: every member, to be filtered by what follows. */
  | { kind: 'wildcard'; target: Expression; at: Span }
  | { kind: 'call'; name: FunctionName; args: Expression[]; at: Span }
  | { kind: 'not'; operand: Expression; at: Span }
  | { kind: 'comparison'; operator: Comparison; left: Expression; right: Expression; at: Span }
  | { kind: 'logical'; operator: '&&' | '||'; operands: Expression[]; at: Span };

/** The expressions directly inside this one, in the order written. */
export function childrenOf(expression: Expression): Expression[] {
  switch (expression.kind) {
    case 'index':
      return [expression.target, expression.key];
    case 'wildcard':
      return [expression.target];
    case 'call':
      return expression.args;
    case 'not':
      return [expression.operand];
    case 'comparison':
      return [expression.left, expression.right];
    case 'logical':
      return expression.operands;
    case 'literal':
    case 'context':
      return [];
    default:
      return unreachable(expression);
  }
}

interface Signature {
  /** How to write it, for messages. */
  usage: string;
  fewest: number;
  most: number;
  /** Whether the number of arguments must be odd. */
  odd?: boolean;
  /** Asks how the job stands, which only conditions may. */
  status?: boolean;
}

/** Every function of the language, spelt as GitHub's documentation spells it; calls ignore case. */
export const functions = {
  contains: { usage: 'contains(search, item)', fewest: 2, most: 2 },
  startsWith: { usage: 'startsWith(text, start)', fewest: 2, most: 2 },
  endsWith: { usage: 'endsWith(text, end)', fewest: 2, most: 2 },
  format: { usage: "format('{0} and {1}', a, b)", fewest: 1, most: 255 },
  join: { usage: "join(list, ', ')", fewest: 1, most: 2 },
  toJSON: { usage: 'toJSON(value)', fewest: 1, most: 1 },
  fromJSON: { usage: 'fromJSON(text)', fewest: 1, most: 1 },
  hashFiles: { usage: "hashFiles('**/package-lock.json')", fewest: 1, most: 255 },
  case: { usage: 'case(condition, value, otherwise)', fewest: 3, most: 255, odd: true },
  success: { usage: 'success()', fewest: 0, most: 255, status: true },
  failure: { usage: 'failure()', fewest: 0, most: 255, status: true },
  always: { usage: 'always()', fewest: 0, most: 0, status: true },
  cancelled: { usage: 'cancelled()', fewest: 0, most: 0, status: true },
} as const satisfies Record<string, Signature>;

/** Name of a function, in its documented spelling. */
export type FunctionName = keyof typeof functions;

/** All function names, in the order they are documented. */
export const functionNames = Object.keys(functions) as FunctionName[];

/** How a function may be called. */
export function signatureOf(name: FunctionName): Signature {
  return functions[name];
}
