import { connect } from 'node:net';
import { CodedError } from '../../diagnostics/index.ts';

const answerTimeoutMs = 10_000;

/**
 * Sends one line of commands (separated by `;`, a payload behind) to a command socket of HAProxy.
 *
 * @throws CodedError `traffic/program-silent`
 */
export function ask(socketPath: string, commands: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (cause: unknown) =>
      reject(
        new CodedError('traffic/program-silent', `HAProxy does not answer at ${socketPath}`, {
          help: "read the router's log",
          cause,
        }),
      );
    // The master answers when the question has ended.
    const socket = connect(socketPath, () => socket.end(`${commands}\n`));
    socket.setEncoding('utf8');
    socket.setTimeout(answerTimeoutMs, () => socket.destroy(new Error('no answer')));
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('error', fail);
    socket.on('end', () => resolve(text));
  });
}

/** As `ask`, for commands that answer with nothing but blank lines or notices of success. */
export async function tell(socketPath: string, commands: string): Promise<void> {
  const answer = (await ask(socketPath, commands)).trim();
  const complaint = answer
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '' && !harmless.test(line));
  if (complaint !== undefined)
    throw new CodedError('traffic/program-refused', `HAProxy refused a change: ${complaint}`, {
      help: "read the router's log",
      notes: [commands.split('\n')[0] ?? ''],
    });
}

/** What HAProxy says of addresses that it has set, and of changes to what is so already. */
const harmless =
  /^(IP changed from|no need to change|port changed from|nothing changed|New version created)/i;

/** The processes of one HAProxy: the one that takes new connections, and old ones that finish theirs. */
export interface Workers {
  current: number | null;
  /** The oldest first. */
  old: number[];
}

export async function listWorkers(master: string): Promise<Workers> {
  return parseWorkers(await ask(master, 'show proc'));
}

/** Reads what a master says of its processes: `pid worker reloads uptime version`, below headings. */
export function parseWorkers(table: string): Workers {
  let current: number | null = null;
  const old: { pid: number; reloads: number }[] = [];
  let heading = '';
  for (const line of table.split('\n')) {
    if (line.startsWith('#')) heading = line;
    const [, pid, reloads] = /^(\d+)\s+worker\s+(\d+)/.exec(line) ?? [];
    if (pid === undefined) continue;
    if (heading.startsWith('# old')) old.push({ pid: Number(pid), reloads: Number(reloads) });
    else current = Number(pid);
  }
  return { current, old: old.sort((a, b) => b.reloads - a.reloads).map(({ pid }) => pid) };
}
