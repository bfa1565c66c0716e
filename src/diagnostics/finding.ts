/** A place in a file. Lines and columns count from 1. */
export interface Position {
  line: number;
  column: number;
}

/** A stretch of a file; `end` is exclusive. */
export interface Span {
  /** Path as the user knows it, relative to the repository where there is one. */
  file: string;
  start: Position;
  end: Position;
}

/** `error` stops what was asked for; `warning` and `note` do not. */
export type Severity = 'error' | 'warning' | 'note';

/** Something a person should know or mend, with its place and the way out. Mistakes of users are findings, never throws. */
export interface Finding {
  /** `room/kebab-case`, listed in docs/errors.md. */
  code: string;
  severity: Severity;
  message: string;
  at?: Span;
  /** Facts that help to decide, such as what is allowed here. */
  notes: string[];
  /** What to do next; names the command where there is one. */
  help?: string;
}

/** A value, or every mistake that stands in its way. */
export type Result<T> = { ok: true; value: T; warnings: Finding[] } | { ok: false; findings: Finding[] };

/** A throw with a code: an adapter failed, or something outside did not keep its promise. */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: string;
  readonly help: string | undefined;
  readonly notes: string[];

  constructor(
    code: string,
    message: string,
    options: { help?: string; notes?: string[]; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.help = options.help;
    this.notes = options.notes ?? [];
  }

  /** The same facts as a finding, so that everything a user sees prints in one way. */
  toFinding(): Finding {
    const finding: Finding = { code: this.code, severity: 'error', message: this.message, notes: this.notes };
    return this.help === undefined ? finding : { ...finding, help: this.help };
  }
}

/** Makes the `default` of a switch over a union a compile error when a member is missing. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
