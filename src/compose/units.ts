const byteFactors: Record<string, number> = {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
  p: 1024 ** 5,
};

/** Bytes of `512m`, `1.5GB`, `64KiB` or a plain number; a kilobyte has 1024. Null when it is no size. */
export function parseBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text.trim());
  const factor = byteFactors[match?.[2]?.toLowerCase() ?? ''] ?? 1;
  return match ? Math.floor(Number(match[1]) * factor) : null;
}

const unitsMs: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds of `90s`, `1m30s` or `1.5h`; null when it is no duration. */
export function parseDurationMs(text: string): number | null {
  if (/^0+$/.test(text)) return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|[smhdw]))+$/.test(text)) return null;
  let totalMs = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|[smhdw])/g))
    totalMs += Number(number) * (unitsMs[unit ?? ''] ?? 0);
  return totalMs;
}

/** A command line in words, and what a shell would have read as an operator, where the words end. */
export interface ShellWords {
  words: string[];
  operator: string | null;
}

/**
 * Splits a command line as Compose does, which runs no shell: quotes and backslashes are honoured, and at an operator
 * such as `&&` or `>` it stops. Null when a quote stays open.
 */
export function splitCommand(line: string): ShellWords | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let index = 0; index < line.length; index++) {
    const letter = line[index] ?? '';
    if (letter === '\\' && quote !== "'") word = (word ?? '') + (line[++index] ?? '');
    else if (quote !== '') {
      if (letter === quote) quote = '';
      else word = (word ?? '') + letter;
    } else if (letter === '"' || letter === "'") [quote, word] = [letter, word ?? ''];
    else if (/[ \t\r\n]/.test(letter)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (/[;&|<>]/.test(letter)) {
      if (word !== null && !/^\d$/.test(word)) words.push(word);
      return { words, operator: /^(?:&&|\|\||>>|<<|.)/.exec(line.slice(index))?.[0] ?? letter };
    } else word = (word ?? '') + letter;
  }
  if (quote !== '') return null;
  if (word !== null) words.push(word);
  return { words, operator: null };
}
