import type { Look } from './render/text.ts';

/** Where a command's words go. Tests give their own. */
export interface Terminal {
  write(text: string): void;
  /** Whether it can be drawn on: a terminal that understands escape sequences. */
  live: boolean;
  color: boolean;
  columns(): number;
  rows(): number;
}

const usualColumns = 80;
const usualRows = 24;
/** Lines of pipes are cut nowhere. */
const endless = Number.MAX_SAFE_INTEGER;

/** A stream of this process as a terminal. */
export function terminalOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv, noColor: boolean): Terminal {
  const live = stream.isTTY && env.TERM !== 'dumb';
  return {
    write: (text) => void stream.write(text),
    live,
    color: live && !noColor && !env.NO_COLOR,
    columns: () => (stream.isTTY ? stream.columns || usualColumns : endless),
    rows: () => (stream.isTTY ? stream.rows || usualRows : endless),
  };
}

export function lookOf(terminal: Terminal): Look {
  return { color: terminal.color, columns: terminal.columns() };
}

/** Prints lines. */
export function print(terminal: Terminal, lines: readonly string[]): void {
  if (lines.length > 0) terminal.write(`${lines.join('\n')}\n`);
}
