import type { Finding, Span } from '../diagnostics/index.ts';
import type { ProcessType } from './model.ts';
import { processNamePattern } from './names.ts';

/** A file of the repository: its path relative to the root, and what it says. */
export interface SourceFile {
  file: string;
  text: string;
}

/** What every "there is no Procfile" shows. */
export const exampleProcfile = 'web: node server.js';

/** Reads a Procfile: one `name: command` a line; `#` starts a comment line. Returns what is right beside what is wrong. */
export function parseProcfile({ file, text }: SourceFile): { processes: ProcessType[]; findings: Finding[] } {
  const processes: ProcessType[] = [];
  const findings: Finding[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r$/, '').replace(/^\uFEFF/, '');
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    const parsed = parseLine(line, file, index + 1);
    if ('code' in parsed) {
      findings.push(parsed);
      continue;
    }
    const first = processes.find((process) => process.name === parsed.name);
    if (first) findings.push(duplicate(parsed, first));
    else processes.push(parsed);
  }
  if (processes.length === 0 && findings.length === 0) findings.push(empty(file));
  return { processes, findings };
}

function parseLine(line: string, file: string, number: number): ProcessType | Finding {
  const indent = line.length - line.trimStart().length;
  const whole = spanOf(file, number, indent, line.trimEnd().length);
  const colon = line.indexOf(':');
  if (colon === -1) {
    return error('app/procfile-line', 'this line is not "name: command"', whole, {
      help: `write it as "${exampleProcfile}", or start the line with # for a comment`,
    });
  }
  const name = line.slice(indent, colon);
  const at = spanOf(file, number, indent, Math.max(colon, indent + 1));
  if (!new RegExp(processNamePattern).test(name)) {
    return error('app/process-name', `"${name}" is not a name for a process type`, at, {
      notes: ['allowed: a letter, then letters, digits, "_" and "-", up to the colon'],
      help: 'name it after what it does: web takes requests, release runs migrations, any other runs in the background',
    });
  }
  const command = line.slice(colon + 1).trim();
  if (command === '') {
    return error('app/process-command', `process type "${name}" has no command`, at, {
      help: `write the command after the colon, as in "${exampleProcfile}"`,
    });
  }
  return { name, command, at: whole };
}

function duplicate(process: ProcessType, first: ProcessType): Finding {
  return error('app/duplicate-process', `process type "${process.name}" is defined twice`, process.at, {
    notes: [`first defined in ${first.at.file}:${first.at.start.line}`],
    help: 'rename or remove one of the two; for more copies use "replicas" in slipway.yml',
  });
}

function empty(file: string): Finding {
  const start = { line: 1, column: 1 };
  return error(
    'app/no-process',
    'the Procfile defines no process',
    { file, start, end: start },
    {
      help: `add a line such as "${exampleProcfile}"`,
    },
  );
}

function spanOf(file: string, line: number, from: number, to: number): Span {
  return { file, start: { line, column: from + 1 }, end: { line, column: to + 1 } };
}

function error(code: string, message: string, at: Span, more: { notes?: string[]; help: string }): Finding {
  return { code, severity: 'error', message, at, notes: more.notes ?? [], help: more.help };
}
