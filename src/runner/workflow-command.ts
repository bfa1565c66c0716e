/** A line by which a step talks to its runner: `::name key=value,key=value::data`. */
export interface WorkflowCommand {
  /** Lower case. */
  name: string;
  /** By name as GitHub spells it, such as `endLine`, however the step wrote it. */
  properties: Record<string, string>;
  data: string;
}

/** Only these are commands; any other `::word::` is output. */
const known = new Set([
  'add-mask',
  'add-matcher',
  'add-path',
  'debug',
  'echo',
  'endgroup',
  'error',
  'group',
  'notice',
  'remove-matcher',
  'save-state',
  'set-env',
  'set-output',
  'stop-commands',
  'warning',
]);

/** Names of properties are compared without regard to case. */
const spellings = new Map(
  ['name', 'owner', 'file', 'line', 'endLine', 'col', 'endColumn', 'title'].map((name) => [
    name.toLowerCase(),
    name,
  ]),
);

/** Whether a word is the name of a command, and so may not be a token that resumes commands. */
export function isCommandName(word: string): boolean {
  return known.has(word.toLowerCase());
}

/**
 * Parses a line; null when it is ordinary output.
 *
 * @param token - The word that resumes commands, while they are stopped; it is a command's name then.
 * @see https://github.com/actions/runner src/Runner.Common/ActionCommand.cs
 */
export function parseWorkflowCommand(line: string, token?: string): WorkflowCommand | null {
  if (!line.includes('::') && !line.includes('##[')) return null;
  return parseDouble(line.trimStart(), token) ?? parseBracket(line, token);
}

function parseDouble(line: string, token: string | undefined): WorkflowCommand | null {
  if (!line.startsWith('::')) return null;
  const end = line.indexOf('::', 2);
  if (end === -1) return null;
  const data = unescapeData(line.slice(end + 2));
  return command({ head: line.slice(2, end), separator: ',', data, unescape: unescapeProperty, token });
}

function parseBracket(line: string, token: string | undefined): WorkflowCommand | null {
  const start = line.indexOf('##[');
  const end = line.indexOf(']', start);
  if (start === -1 || end === -1) return null;
  const data = unescapeBracket(line.slice(end + 1));
  return command({
    head: line.slice(start + 3, end),
    separator: ';',
    data,
    unescape: unescapeBracket,
    token,
  });
}

interface CommandText {
  /** Name and properties. */
  head: string;
  separator: string;
  data: string;
  unescape: (text: string) => string;
  token: string | undefined;
}

function command({ head, separator, data, unescape, token }: CommandText): WorkflowCommand | null {
  const space = head.indexOf(' ');
  const name = (space === -1 ? head : head.slice(0, space)).toLowerCase();
  if (!known.has(name) && name !== token?.toLowerCase()) return null;
  const properties: Record<string, string> = {};
  const pairs = space === -1 ? [] : head.slice(space + 1).split(separator);
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals <= 0) continue;
    const key = pair.slice(0, equals).trim();
    properties[spellings.get(key.toLowerCase()) ?? key] = unescape(pair.slice(equals + 1));
  }
  return { name, properties, data };
}

function unescapeData(text: string): string {
  if (!text.includes('%')) return text;
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
}

function unescapeProperty(text: string): string {
  if (!text.includes('%')) return text;
  return text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');
}

function unescapeBracket(text: string): string {
  if (!text.includes('%')) return text;
  return text
    .replaceAll('%3B', ';')
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%5D', ']')
    .replaceAll('%25', '%');
}
