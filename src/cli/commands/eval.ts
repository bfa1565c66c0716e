import { CodedError } from '../../diagnostics/index.ts';
import { printJson, type ObjectValue } from '../../expressions/index.ts';
import { readContextFile } from '../context-file.ts';
import type { CliContext, CommonOptions } from '../context.ts';
import { answerLine, lineBatches } from '../eval-batch.ts';
import { scopeOf, type HashFiles } from '../eval-scope.ts';
import { evaluateText, expressionFile, jsonLine } from '../eval-text.ts';
import { exitCodes } from '../exit-codes.ts';
import { Mistake } from '../mistake.ts';
import { print } from '../terminal.ts';

interface EvalOptions extends CommonOptions {
  context?: string;
  stdin?: boolean;
}

/** Evaluates an expression, or with `--stdin` one a line. */
export async function evaluateCommand(
  context: CliContext,
  options: EvalOptions,
  expression: string | undefined,
): Promise<number> {
  if (options.stdin && expression !== undefined) {
    throw new CodedError('cli/conflicting-option', 'an expression cannot stand beside --stdin', {
      help: 'leave one of them out',
    });
  }
  if (!options.stdin && expression === undefined) {
    throw new CodedError('cli/missing-argument', 'no expression is given', {
      help: 'write one, such as slipway eval "github.ref == \'refs/heads/main\'" --context contexts.json',
    });
  }
  const base = options.context === undefined ? [] : [await readContextFile(context.cwd, options.context)];
  if (expression === undefined) await answerLines(context, base);
  else await answerOne(context, { expression, base, json: options.json === true });
  return exitCodes.done;
}

interface One {
  expression: string;
  base: readonly ObjectValue[];
  json: boolean;
}

async function answerOne(context: CliContext, { expression, base, json }: One): Promise<void> {
  const evaluated = evaluateText(expression, scopeOf(base, await hashFilesFor(context, expression)));
  if (!evaluated.ok) throw new Mistake(evaluated.findings, new Map([[expressionFile, expression]]));
  const { value } = evaluated;
  if (json) print(context.out, [jsonLine(value)]);
  else print(context.out, [typeof value === 'string' ? value : printJson(value)]);
}

async function answerLines(context: CliContext, base: readonly ObjectValue[]): Promise<void> {
  for await (const lines of lineBatches(context.stdin)) {
    const hashFiles = await hashFilesFor(context, ...lines);
    print(
      context.out,
      lines.map((line) => answerLine(line, base, hashFiles)),
    );
  }
}

/** The runner is loaded only for those who hash; the workspace is the directory where the command stands. */
async function hashFilesFor(context: CliContext, ...texts: string[]): Promise<HashFiles | undefined> {
  if (!texts.some((text) => /hashfiles/i.test(text))) return undefined;
  const { hashFiles } = await import('../../runner/index.ts');
  return (patterns) => hashFiles(patterns, context.cwd, context.env.HOME ?? context.cwd);
}
