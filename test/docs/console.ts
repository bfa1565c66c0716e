/** A command of a console block, with the output that the page shows for it. */
export interface Command {
  command: string;
  shown: string[];
}

/** Takes a console block apart: lines after `$ ` are commands, what follows is their output. */
export function commandsOf(text: string): Command[] {
  const commands: Command[] = [];
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('$ ')) commands.push({ command: line.slice(2), shown: [] });
    else commands.at(-1)?.shown.push(line);
  }
  return commands;
}

/** What differs from run to run is made equal: hashes, ids, times, ports and the width of columns. */
function settle(line: string): string {
  return line
    .replaceAll(/\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b/g, '<hash>')
    .replaceAll(/\d+(?:\.\d+)?(?:ms|s|m|h)\b(?: \d+s\b)?/g, '<time>')
    .replaceAll(/\b(process|port) \d+/g, '$1 <number>')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/**
 * Whether a page shows what a command printed. `…` stands for anything within a line, and alone on a line for any
 * number of lines.
 */
export function showsTruth(shown: readonly string[], printed: readonly string[]): boolean {
  const meaningful = (lines: readonly string[]) => lines.map(settle).filter((line) => line !== '');
  return matches(meaningful(shown), meaningful(printed));
}

function matches(shown: readonly string[], printed: readonly string[]): boolean {
  const [first, ...rest] = shown;
  if (first === undefined) return printed.length === 0;
  if (first === '…') return printed.some((_, at) => matches(rest, printed.slice(at))) || matches(rest, []);
  const [line, ...others] = printed;
  return line !== undefined && fits(first, line) && matches(rest, others);
}

function fits(shown: string, line: string): boolean {
  const parts = shown.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`).test(line);
}
