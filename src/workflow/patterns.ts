/*
 * GitHub's filter patterns, matched by following all possibilities at once: time grows with pattern times text, never
 * exponentially, whatever a pull request puts into its pattern.
 */

/** One step through a pattern. */
type Atom =
  | { kind: 'char'; test: (char: string) => boolean; repeat: 'once' | 'optional' | 'some' | 'any' }
  /** May continue at `to` without reading anything. */
  | { kind: 'jump'; to: number };

type Compiled = { ok: true; atoms: Atom[] } | { ok: false; problem: string };

/**
 * Whether text matches one filter pattern, whole and with regard to case. A leading `!` is not looked at here.
 *
 * `*` any characters but `/`, `**` any characters, `?` the character before it or nothing, `+` the character before it
 * once or more, `[a-z]` one of these, `\` takes the next character as it is.
 *
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
 */
export function matchesPattern(pattern: string, text: string): boolean {
  const compiled = compile(pattern);
  if (!compiled.ok) return pattern === text;
  const { atoms } = compiled;
  let states = closure(new Set([0]), atoms);
  for (const char of text) {
    const next = new Set<number>();
    for (const state of states) step(state, char, atoms, next);
    states = closure(next, atoms);
    if (states.size === 0) return false;
  }
  return states.has(atoms.length);
}

/** Whether text is in what a list of patterns selects: the last that matches decides, and `!` deselects. */
export function matchesPatterns(patterns: readonly string[], text: string): boolean {
  let selected = false;
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) selected &&= !matchesPattern(pattern.slice(1), text);
    else selected ||= matchesPattern(pattern, text);
  }
  return selected;
}

/** What is wrong with a pattern, in words; undefined when nothing is. */
export function patternProblem(pattern: string): string | undefined {
  const body = pattern.startsWith('!') ? pattern.slice(1) : pattern;
  if (body === '') return 'it is empty';
  const compiled = compile(body);
  return compiled.ok ? undefined : compiled.problem;
}

function step(state: number, char: string, atoms: Atom[], next: Set<number>): void {
  const atom = atoms[state];
  if (atom?.kind !== 'char' || !atom.test(char)) return;
  if (atom.repeat === 'some' || atom.repeat === 'any') next.add(state);
  next.add(state + 1);
}

/** Adds every state that can be reached without reading; a set grows while it is walked. */
function closure(states: Set<number>, atoms: Atom[]): Set<number> {
  for (const state of states) {
    const atom = atoms[state];
    if (atom?.kind === 'jump') {
      states.add(state + 1);
      states.add(atom.to);
    } else if (atom?.repeat === 'optional' || atom?.repeat === 'any') states.add(state + 1);
  }
  return states;
}

const notSlash = (char: string) => char !== '/';
const anything = () => true;

function compile(pattern: string): Compiled {
  const atoms: Atom[] = [];
  const chars = Array.from(pattern);
  let index = 0;
  while (index < chars.length) {
    const char = chars[index] ?? '';
    if (char === '*') index += star(chars, index, atoms);
    else if (char === '?' || char === '+') {
      const before = atoms.at(-1);
      if (before?.kind !== 'char' || before.repeat !== 'once')
        return { ok: false, problem: `${char} has nothing to repeat` };
      before.repeat = char === '?' ? 'optional' : 'some';
      index++;
    } else if (char === '[') {
      const close = chars.indexOf(']', index);
      const test = close === -1 ? undefined : charClass(chars.slice(index + 1, close));
      if (!test)
        return {
          ok: false,
          problem: close === -1 ? '[ is never closed' : '[ ] must list characters or a range',
        };
      atoms.push({ kind: 'char', test, repeat: 'once' });
      index = close + 1;
    } else {
      const escaped = char === '\\';
      const wanted = escaped ? chars[index + 1] : char;
      if (wanted === undefined) return { ok: false, problem: '\\ ends it' };
      atoms.push({ kind: 'char', test: (candidate) => candidate === wanted, repeat: 'once' });
      index += escaped ? 2 : 1;
    }
  }
  return { ok: true, atoms };
}

/** Two stars and a slash, where a folder may begin, also stand for no folder at all. Returns how many characters were read. */
function star(chars: string[], index: number, atoms: Atom[]): number {
  if (chars[index + 1] !== '*') {
    atoms.push({ kind: 'char', test: notSlash, repeat: 'any' });
    return 1;
  }
  const startsFolder = index === 0 || chars[index - 1] === '/';
  if (startsFolder && chars[index + 2] === '/') {
    atoms.push({ kind: 'jump', to: atoms.length + 3 });
    atoms.push({ kind: 'char', test: anything, repeat: 'any' });
    atoms.push({ kind: 'char', test: (char) => char === '/', repeat: 'once' });
    return 3;
  }
  atoms.push({ kind: 'char', test: anything, repeat: 'any' });
  return 2;
}

function charClass(inside: string[]): ((char: string) => boolean) | undefined {
  if (inside.length === 0) return undefined;
  const ranges: [string, string][] = [];
  for (let index = 0; index < inside.length; index++) {
    const from = inside[index] ?? '';
    const to = inside[index + 1] === '-' ? inside[index + 2] : undefined;
    if (to === undefined) ranges.push([from, from]);
    else {
      if (to < from) return undefined;
      ranges.push([from, to]);
      index += 2;
    }
  }
  return (char) => ranges.some(([from, to]) => char >= from && char <= to);
}
