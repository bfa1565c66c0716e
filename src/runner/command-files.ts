import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
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

/** What `github` says of a step's command files: `github.env`, `github.path`, … */
export function commandFilePaths(directory: string, stepKey: string): Record<string, string> {
  return Object.fromEntries(kinds.map((kind) => [kind.toLowerCase(), pathOf(directory, stepKey, kind)]));
}

function pathOf(directory: string, stepKey: string, kind: Kind): string {
  return join(directory, `${kind.toLowerCase()}_${stepKey}`);
}

/** The files of one step, through which it talks to its runner. */
export class CommandFiles {
  readonly #paths: Record<Kind, string>;

  /**
   * Makes them, empty.
   *
   * @throws CodedError `runner/command-file` when the disk does not take them.
   */
  constructor(directory: string, stepKey: string) {
    const path = (kind: Kind) => pathOf(directory, stepKey, kind);
    this.#paths = {
      ENV: path('ENV'),
      OUTPUT: path('OUTPUT'),
      PATH: path('PATH'),
      STATE: path('STATE'),
      STEP_SUMMARY: path('STEP_SUMMARY'),
    };
    for (const kind of kinds) {
      try {
        closeSync(openSync(this.#paths[kind], 'w'));
      } catch (error) {
        this.remove();
        throw fileError(kind, 'made', error);
      }
    }
  }

  /** GITHUB_ENV and its kin. */
  variables(): Record<string, string> {
    return Object.fromEntries(kinds.map((kind) => [`GITHUB_${kind}`, this.#paths[kind]]));
  }

  /** Reads what the step wrote and removes the files. What cannot be read is a problem, never a throw. */
  collect(): CommandFileResults {
    const problems: string[] = [];
    const warnings: string[] = [];
    const env = this.#pairs('ENV', problems);
    for (const name of Object.keys(env).filter((key) => key.toUpperCase() === 'NODE_OPTIONS')) {
      delete env[name];
      problems.push(`Can't store ${name} output parameter using '$GITHUB_ENV' command.`);
    }
    const results: CommandFileResults = {
      env,
      outputs: this.#pairs('OUTPUT', problems),
      paths: this.#read('PATH', problems)
        .split(/\r\n|\r|\n/)
        .filter((line) => line.trim() !== ''),
      state: this.#pairs('STATE', problems),
      summary: this.#summary(problems, warnings),
      problems,
      warnings,
    };
    this.remove();
    return results;
  }

  /** Repeating it is harmless. */
  remove(): void {
    for (const kind of kinds) {
      try {
        unlinkSync(this.#paths[kind]);
      } catch {
        // A step may have put a directory in its place.
        rmSync(this.#paths[kind], { force: true, recursive: true });
      }
    }
  }

  #pairs(kind: Kind, problems: string[]): Record<string, string> {
    const { values, problem } = parseKeyValues(this.#read(kind, problems));
    if (problem !== null) problems.push(`Unable to process file command 'GITHUB_${kind}': ${problem}`);
    return values;
  }

  #summary(problems: string[], warnings: string[]): string {
    const summary = this.#read('STEP_SUMMARY', problems);
    const sizeBytes = summary.length > largestSummaryBytes / 4 ? Buffer.byteLength(summary) : 0;
    if (sizeBytes <= largestSummaryBytes) return summary;
    const kib = Math.ceil(sizeBytes / 1024);
    warnings.push(`$GITHUB_STEP_SUMMARY is dropped: it holds ${kib}k, and at most 1024k are kept.`);
    return '';
  }

  #read(kind: Kind, problems: string[]): string {
    try {
      return readText(this.#paths[kind]);
    } catch (error) {
      // A step that removes its file has nothing to say.
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ELOOP') problems.push(fileError(kind, 'read', 'it has become a link').message);
      else if (code !== 'ENOENT') problems.push(fileError(kind, 'read', error).message);
      return '';
    }
  }
}

function fileError(kind: Kind, done: string, cause: unknown): CodedError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CodedError(
    'runner/command-file',
    `The step's GITHUB_${kind} file cannot be ${done}: ${reason}`,
    {
      cause,
    },
  );
}

/** A pipe in its place would block the runner for ever, and a link would bring in what the step never wrote. */
const plainly = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/** Steps mostly leave their files empty, and then one look is enough. Tools of Windows like to write UTF-16. */
function readText(path: string): string {
  const descriptor = openSync(path, plainly);
  let bytes: Buffer;
  try {
    if (!fstatSync(descriptor).isFile()) throw new Error('it is not a file any more');
    if (readSync(descriptor, Buffer.alloc(1), 0, 1, 0) === 0) return '';
    bytes = readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder().decode(bytes);
}

/**
 * Reads `K=V` and `K<<D … D` lines, as the runner does: `=` wins when it comes before `<<`, and a return before the end of
 * a line belongs to the value, except on Windows.
 *
 * @returns What was read up to the first mistake, and that mistake.
 * @see https://github.com/actions/runner src/Runner.Worker/FileCommandManager.cs
 */
export function parseKeyValues(text: string): { values: Record<string, string>; problem: string | null } {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  if (text === '') return { values, problem: null };
  const lines = text.split('\n');
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
