import { didYouMean, type Finding, type Result, type Span } from '../diagnostics/index.ts';
import { signsNote, tokenize, type Sign, type Token } from './lexer.ts';
import { across, mistake } from './locate.ts';
import {
  childrenOf,
  functionNames,
  signatureOf,
  type Comparison,
  type Expression,
  type FunctionName,
} from './syntax.ts';

/** GitHub's own limits. */
const longestExpression = 21_000;
const deepestExpression = 50;
/** Parentheses are no level of their own; this many nested ones only protect the stack. */
const deepestGroups = 200;

/**
 * Parses what stands between `${{` and `}}`.
 *
 * @param at - Place of `text`; findings point into it where it covers the text one to one.
 * @returns Findings for bad syntax (the first), unknown functions and wrong numbers of arguments (all). Contexts are
 * not judged here: which exist depends on the place, see `checkNames`.
 * @see https://github.com/actions/runner src/Sdk/Expressions/ExpressionParser.cs
 */
export function parseExpression(text: string, at: Span): Result<Expression> {
  if (text.trim() === '') {
    const help = 'write what to insert, such as ${{ github.sha }}';
    return { ok: false, findings: [mistake('syntax', 'the expression is empty', at, { help })] };
  }
  if (text.trim().length > longestExpression) {
    const message = `the expression is longer than ${longestExpression} characters`;
    return { ok: false, findings: [mistake('too-long', message, at)] };
  }
  const lexed = tokenize(text, at);
  if (!lexed.ok) return { ok: false, findings: [lexed.finding] };
  const parser = new Parser(lexed.tokens);
  try {
    const value = parser.parseAll();
    if (deeperThan(value, deepestExpression)) parser.findings.push(tooDeep(value.at));
    return parser.findings.length > 0
      ? { ok: false, findings: parser.findings }
      : { ok: true, value, warnings: [] };
  } catch (error) {
    if (error instanceof SyntaxMistake) return { ok: false, findings: [...parser.findings, error.finding] };
    throw error;
  }
}

function tooDeep(at: Span): Finding {
  return mistake('too-deep', `the expression nests deeper than ${deepestExpression} levels`, at);
}

/** Looks no further than that many levels, so that a long chain cannot exhaust the stack. */
function deeperThan(expression: Expression, levels: number): boolean {
  return levels === 0 || childrenOf(expression).some((child) => deeperThan(child, levels - 1));
}

/** Leaves the descent at the first mistake of syntax; never leaves this file. */
class SyntaxMistake extends Error {
  readonly finding: Finding;
  constructor(finding: Finding) {
    super(finding.message);
    this.finding = finding;
  }
}

/** Recursive descent; one method for each level of binding, loosest first. */
class Parser {
  readonly findings: Finding[] = [];
  readonly #tokens: Token[];
  #next = 0;
  #depth = 0;
  #groups = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  parseAll(): Expression {
    const expression = this.#expression();
    if (!this.#at('end')) this.#unexpected('the end of the expression, or an operator');
    return expression;
  }

  #expression(): Expression {
    return this.#logical('||', () => this.#logical('&&', () => this.#equality()));
  }

  #logical(operator: '&&' | '||', operand: () => Expression): Expression {
    const first = operand();
    let last = first;
    const operands = flattened(first, operator);
    while (this.#take(operator)) {
      last = operand();
      operands.push(...flattened(last, operator));
    }
    return last === first ? first : { kind: 'logical', operator, operands, at: across(first.at, last.at) };
  }

  #equality(): Expression {
    return this.#comparison(['==', '!='], () =>
      this.#comparison(['<', '<=', '>', '>='], () => this.#unary()),
    );
  }

  #comparison(operators: Comparison[], operand: () => Expression): Expression {
    let left = operand();
    for (;;) {
      const operator = operators.find((candidate) => this.#at(candidate));
      if (!operator) return left;
      this.#next++;
      const right = operand();
      left = { kind: 'comparison', operator, left, right, at: across(left.at, right.at) };
    }
  }

  #unary(): Expression {
    const sign = this.#peek();
    if (!this.#take('!')) return this.#postfix();
    return this.#deeper(() => {
      const operand = this.#unary();
      return { kind: 'not', operand, at: across(sign.at, operand.at) };
    });
  }

  #postfix(): Expression {
    const bare = this.#peek();
    let target = this.#primary();
    while (this.#at('.') || this.#at('[')) {
      if (target.kind === 'literal' && bare.kind === 'literal') {
        throw new SyntaxMistake(mistake('syntax', 'text and numbers have no properties', this.#peek().at));
      }
      target = this.#take('.') ? this.#dereference(target) : this.#index(target);
    }
    return target;
  }

  #dereference(target: Expression): Expression {
    const token = this.#peek();
    if (this.#take('*')) return { kind: 'wildcard', target, at: across(target.at, token.at) };
    if (token.kind !== 'name') return this.#unexpected('a property name or * after the dot');
    this.#next++;
    const key: Expression = { kind: 'literal', value: token.name, at: token.at };
    return { kind: 'index', target, key, at: across(target.at, token.at) };
  }

  #index(target: Expression): Expression {
    this.#next++;
    if (this.#take('*')) {
      const close = this.#expect(']');
      return { kind: 'wildcard', target, at: across(target.at, close.at) };
    }
    const key = this.#deeper(() => this.#expression());
    const close = this.#expect(']');
    return { kind: 'index', target, key, at: across(target.at, close.at) };
  }

  #primary(): Expression {
    const token = this.#peek();
    if (this.#take('(')) {
      return this.#group();
    }
    if (token.kind === 'sign') return this.#unexpected('a value');
    this.#next++;
    if (token.kind === 'literal') return { kind: 'literal', value: token.value, at: token.at };
    return this.#at('(') ? this.#call(token) : { kind: 'context', name: token.name, at: token.at };
  }

  #group(): Expression {
    if (++this.#groups > deepestGroups) throw new SyntaxMistake(tooDeep(this.#peek().at));
    const inner = this.#expression();
    this.#expect(')');
    this.#groups--;
    return inner;
  }

  #call(name: { name: string; at: Span }): Expression {
    this.#expect('(');
    const args: Expression[] = [];
    if (!this.#at(')')) {
      do args.push(this.#deeper(() => this.#expression()));
      while (this.#take(','));
    }
    const close = this.#expect(')');
    const known = functionNames.find((candidate) => candidate.toLowerCase() === name.name.toLowerCase());
    if (known) this.#checkCount(known, args.length, across(name.at, close.at));
    else this.findings.push(unknownFunction(name.name, name.at));
    return { kind: 'call', name: known ?? 'always', args, at: across(name.at, close.at) };
  }

  #checkCount(name: FunctionName, count: number, at: Span): void {
    const { fewest, most, odd, usage } = signatureOf(name);
    if (count >= fewest && count <= most && (!odd || count % 2 === 1)) return;
    const range = fewest === most ? `${most}` : `${fewest} to ${most}`;
    const allowed = odd
      ? 'pairs of a condition and a value, then one default'
      : `${range} argument${most === 1 ? '' : 's'}`;
    const message = `${name}() takes ${allowed}, and here are ${count}`;
    this.findings.push(mistake('argument-count', message, at, { help: `write ${usage}` }));
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > deepestExpression) throw new SyntaxMistake(tooDeep(this.#peek().at));
    const value = read();
    this.#depth--;
    return value;
  }

  #peek(): Token {
    const token = this.#tokens[this.#next] ?? this.#tokens.at(-1);
    if (!token) throw new Error('an expression always has an end token');
    return token;
  }

  #at(sign: Sign): boolean {
    const token = this.#peek();
    return token.kind === 'sign' && token.sign === sign;
  }

  #take(sign: Sign): boolean {
    if (!this.#at(sign)) return false;
    this.#next++;
    return true;
  }

  #expect(sign: Sign): Token {
    const token = this.#peek();
    if (!this.#take(sign)) this.#unexpected(`"${sign}"`);
    return token;
  }

  #unexpected(wanted: string): never {
    const token = this.#peek();
    throw new SyntaxMistake(
      mistake('syntax', `${describe(token)} where ${wanted} should be`, token.at, { notes: [signsNote] }),
    );
  }
}

/** `(a && b) && c` is one chain, as `a && b && c` is. */
function flattened(operand: Expression, operator: '&&' | '||'): Expression[] {
  return operand.kind === 'logical' && operand.operator === operator ? operand.operands : [operand];
}

function describe(token: Token): string {
  if (token.kind === 'name') return `"${token.name}" stands`;
  if (token.kind === 'literal')
    return `${typeof token.value === 'string' ? `'${token.value}'` : token.value} stands`;
  return token.sign === 'end' ? 'the expression ends' : `"${token.sign}" stands`;
}

function unknownFunction(name: string, at: Span): Finding {
  const near = didYouMean(name, functionNames);
  return mistake('unknown-function', `there is no function ${name}()`, at, {
    notes: [`functions: ${functionNames.join(', ')}`],
    help: near === undefined ? undefined : `did you mean ${near}()?`,
  });
}
