import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';

const kinds = ['ENV', 'OUTPUT', 'PATH', 'STATE', 'STEP_SUMMARY'] as const;
type Kind = (typeof kinds)[number];

/** Summaries beyond this are dropped, as GitHub does. */
const largestSummaryBytes = 1024 * 1024;

/** What a step left in its command files. */
export interface CommandFileResults {
  env: Record<string, string>;
  outputs: Record<string, string>;
  /** In the order written; later ones come first on PATH. */
  paths: string[];
  state: Record<string, string>;
  summary: string;
  /** Mistakes that fail the step. */
  problems: string[];
  /** What people should know and no step fails for. */
  warnings: string[];
}

/** The files of one step, through which it talks to its runner. */
export class CommandFiles {
  readonly #paths: Record<Kind, string>;

  /** Makes them, empty. */
  constructor(directory: string, stepKey: string) {
    const path = (kind: Kind) => join(directory, `${kind.toLowerCase()}_${stepKey}`);
    this.#paths = {
      ENV: path('ENV'),
      OUTPUT: path('OUTPUT'),
      PATH: path('PATH'),
      STATE: path('STATE'),
      STEP_SUMMARY: path('STEP_SUMMARY'),
    };
    for (const kind of kinds) writeFileSync(this.#paths[kind], '');
  }

  /** GITHUB_ENV and its kin. */
  variables(): Record<string, string> {
    return Object.fromEntries(kinds.map((kind) => [`GITHUB_${kind}`, this.#paths[kind]]));
  }

  /** Reads what the step wrote and removes the files. */
  collect(): CommandFileResults {
    const problems: string[] = [];
    const warnings: string[] = [];
    const pairs = (kind: Kind) => {
      const parsed = parseKeyValues(this.#read(kind));
      if (parsed.problem !== null)
        problems.push(`Unable to process file command 'GITHUB_${kind}': ${parsed.problem}`);
      return parsed.values;
    };
    const env = pairs('ENV');
    if (Object.hasOwn(env, 'NODE_OPTIONS')) {
      delete env['NODE_OPTIONS'];
      problems.push("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.");
    }
    const results: CommandFileResults = {
      env,
      outputs: pairs('OUTPUT'),
      paths: this.#read('PATH')
        .split(/\r?\n/)
        .filter((line) => line.trim() !== ''),
      state: pairs('STATE'),
      summary: this.#summary(warnings),
      problems,
      warnings,
    };
    for (const kind of kinds) rmSync(this.#paths[kind], { force: true });
    return results;
  }

  #summary(warnings: string[]): string {
    const summary = this.#read('STEP_SUMMARY');
    if (Buffer.byteLength(summary) <= largestSummaryBytes) return summary;
    const kib = Math.ceil(Buffer.byteLength(summary) / 1024);
    warnings.push(`$GITHUB_STEP_SUMMARY is dropped: it holds ${kib}k, and at most 1024k are kept.`);
    return '';
  }

  #read(kind: Kind): string {
    try {
      return readFileSync(this.#paths[kind], 'utf8').replace(/^\uFEFF/, '');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw new CodedError('runner/command-file', `cannot read the step's GITHUB_${kind} file`, {
        cause: error,
      });
    }
  }
}

/**
 * Reads `K=V` and `K<<D … D` lines, as the runner does: `=` wins when it comes before `<<`.
 *
 * @returns What was read up to the first mistake, and that mistake.
 * @see https://github.com/actions/runner src/Runner.Worker/FileCommandManager.cs
 */
export function parseKeyValues(text: string): { values: Record<string, string>; problem: string | null } {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (line === '') continue;
    const equals = line.indexOf('=');
    const heredoc = line.indexOf('<<');
    if (equals !== -1 && (heredoc === -1 || equals < heredoc)) {
      if (equals === 0) return { values, problem: `Invalid format '${line}'. Name must not be empty` };
      values[line.slice(0, equals)] = line.slice(equals + 1);
      continue;
    }
    if (heredoc === -1) return { values, problem: `Invalid format '${line}'` };
    const name = line.slice(0, heredoc);
    const delimiter = line.slice(heredoc + 2);
    if (name === '' || delimiter === '') {
      return {
        values,
        problem: `Invalid format '${line}'. Name must not be empty and delimiter must not be empty`,
      };
    }
    const end = lines.indexOf(delimiter, at + 1);
    if (end === -1) return { values, problem: `Invalid value. Matching delimiter not found '${delimiter}'` };
    values[name] = lines.slice(at + 1, end).join('\n');
    at = end;
  }
  return { values, problem: null };
}
