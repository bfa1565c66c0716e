import { stripVTControlCharacters, styleText } from 'node:util';

/** Tells the story: lines that stay and, on a terminal, one below them that shows what is going on right now. */
export interface Narrator {
  say(line?: string): void;
  /** Replaces the live line; nothing where nobody looks at it live. */
  now(line: string): void;
  heading(text: string): void;
}

export type Tone = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

const live = process.stdout.isTTY && process.env.TERM !== 'dumb';
const color = live && !process.env.NO_COLOR;

/** Colours a text where colours are shown. */
export function tint(tone: Tone | Tone[], text: string): string {
  return color ? styleText(tone, text, { validateStream: false }) : text;
}

export function createNarrator(): Narrator {
  let drawn = false;
  const erase = () => {
    if (drawn) process.stdout.write('\r\u001b[2K');
    drawn = false;
  };
  const say = (line = '') => {
    erase();
    process.stdout.write(`${line}\n`);
  };
  return {
    say,
    now(line) {
      if (!live) return;
      erase();
      process.stdout.write(tint('dim', cut(line, (process.stdout.columns || 80) - 1)));
      drawn = true;
    },
    heading(text) {
      say();
      say(tint('bold', text));
    },
  };
}

function cut(text: string, columns: number): string {
  const plain = stripVTControlCharacters(text);
  return plain.length <= columns ? plain : `${plain.slice(0, columns - 1)}…`;
}

/** `4.1 s` */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

export function shortOf(commit: string): string {
  return commit.slice(0, 7);
}

/** Several names as a sentence has them. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
