/** A line by which a step talks to its runner: `::name key=value,key=value::data`. */
export interface WorkflowCommand {
  /** Lower case. */
  name: string;
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

/** Whether a word is the name of a command, and so may not be a token that resumes commands. */
export function isCommandName(word: string): boolean {
  return known.has(word.toLowerCase());
}

/**
 * Parses a line; null when it is ordinary output.
 *
 * @see https://github.com/actions/runner src/Runner.Common/ActionCommand.cs
 */
export function parseWorkflowCommand(line: string): WorkflowCommand | null {
  if (!line.includes('::') && !line.includes('##[')) return null;
  return parseDouble(line.trimStart()) ?? parseBracket(line);
}

function parseDouble(line: string): WorkflowCommand | null {
  if (!line.startsWith('::')) return null;
  const end = line.indexOf('::', 2);
  if (end === -1) return null;
  return command(line.slice(2, end), ',', unescapeData(line.slice(end + 2)), unescapeProperty);
}

function parseBracket(line: string): WorkflowCommand | null {
  const start = line.indexOf('##[');
  const end = line.indexOf(']', start);
  if (start === -1 || end === -1) return null;
  const unescape = (text: string) =>
    text
      .replaceAll('%3B', ';')
      .replaceAll('%0D', '\r')
      .replaceAll('%0A', '\n')
      .replaceAll('%5D', ']')
      .replaceAll('%25', '%');
  return command(line.slice(start + 3, end), ';', unescape(line.slice(end + 1)), unescape);
}

function command(
  head: string,
  separator: string,
  data: string,
  unescape: (text: string) => string,
): WorkflowCommand | null {
  const space = head.indexOf(' ');
  const name = (space === -1 ? head : head.slice(0, space)).toLowerCase();
  if (!known.has(name)) return null;
  const properties: Record<string, string> = {};
  for (const pair of space === -1
    ? []
    : head
        .slice(space + 1)
        .trim()
        .split(separator)) {
    const equals = pair.indexOf('=');
    if (equals > 0) properties[pair.slice(0, equals).trim()] = unescape(pair.slice(equals + 1));
  }
  return { name, properties, data };
}

function unescapeData(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
}

function unescapeProperty(text: string): string {
  return text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');
}
