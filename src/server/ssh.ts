import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Agent, type ClientRequestArgs } from 'node:http';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../diagnostics/index.ts';

/** Connections through ssh. `explain` turns the end of one into what ssh said. */
export interface SshAgent extends Agent {
  explain(error: Error): Promise<CodedError>;
}

interface SshOptions {
  /** As ssh takes it: `ana@example.com`, or a name out of ~/.ssh/config. */
  host: string;
  /** Home of the server over there, if not the usual one. */
  home?: string | undefined;
  ssh: string;
  /** What starts Slipway over there, in words of its shell: `slipway`, `/opt/slipway/bin/slipway.js`, `sudo -n slipway`. */
  remoteCommand: string;
  /** Words for `slipway dial`. */
  dialFlags?: readonly string[];
  /** Connections that are kept for the next request; one unless told. */
  kept?: number;
  /** Connections that there may be at once; without a limit unless told. */
  atOnce?: number;
}

const keptLines = 8;
const lastWordsMs = 5000;
const toldFreshMs = 5000;
/** What shells answer for a command that they do not find. */
const notFound = 127;
const unknownCommandHelp =
  'on that machine, "slipway install" makes the command known; or name it: SLIPWAY_REMOTE_COMMAND=/path/to/slipway';

/**
 * Reaches a server as Docker does: each connection is one `ssh host slipway dial`, whose stdin and stdout are the
 * wire. No open port and no token: who may log in there may use it. Connections are kept for the next request.
 *
 * @throws CodedError `server/bad-host` for a host that ssh would take as an option.
 */
export function createSshAgent({
  host,
  home,
  ssh,
  remoteCommand,
  dialFlags = [],
  kept = 1,
  atOnce = Infinity,
}: SshOptions): SshAgent {
  if (host === '' || host.startsWith('-')) {
    throw new CodedError('server/bad-host', `"${host}" is not a machine that ssh can reach`, {
      help: 'write it like this: --host ana@example.com',
    });
  }
  const heard: string[] = [];
  /** Of several connections that break at once, one hears why. */
  let told: { lines: string[]; atMs: number } = { lines: [], atMs: -Infinity };
  let ended: Promise<number | null> = Promise.resolve(null);
  const remote = remoteLine([remoteCommand, 'dial', ...dialFlags].join(' '), home);
  const lastWords = () => Promise.race([ended, sleep(lastWordsMs, null, { ref: false })]);
  class Dialler extends Agent {
    override createConnection(_options: ClientRequestArgs) {
      const child = spawn(ssh, ['-o', 'BatchMode=no', '-T', '--', host, remote], { stdio: 'pipe' });
      ended = listen(child, heard);
      return wireOf(child);
    }
    async explain(error: Error): Promise<CodedError> {
      // What ssh said may arrive after its end was noticed.
      const exitCode = await lastWords();
      if (heard.length > 0) told = { lines: heard.splice(0).slice(-keptLines), atMs: performance.now() };
      const isFresh = performance.now() - told.atMs < toldFreshMs;
      return new CodedError('server/unreachable', `the server on ${host} cannot be reached`, {
        notes: isFresh ? told.lines : [error.message],
        help:
          exitCode === notFound ? unknownCommandHelp : `try it by hand: ssh ${host} ${remoteCommand} status`,
        cause: error,
      });
    }
  }
  return new Dialler({ keepAlive: true, maxFreeSockets: kept, maxSockets: atOnce });
}

function listen(child: ChildProcessWithoutNullStreams, heard: string[]): Promise<number | null> {
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    heard.push(...text.split(/\r?\n/).filter((line) => line.trim() !== ''));
  });
  return new Promise((resolve) => {
    child.on('close', resolve);
  });
}

function wireOf(child: ChildProcessWithoutNullStreams): Duplex {
  // The types know only one half of what `from` takes.
  const wire = Duplex.from({ readable: child.stdout, writable: child.stdin } as never);
  child.on('error', (error) => wire.destroy(error));
  // Ending one that nobody uses is reported as an abort, to nobody: the end of every command that kept a connection.
  wire.on('error', () => {});
  wire.on('close', () => child.kill());
  // What node:http asks of a socket; ssh has its own timeouts and keeps its connection alive itself.
  const still = () => wire;
  return Object.assign(wire, {
    setTimeout: still,
    setNoDelay: still,
    setKeepAlive: still,
    ref: still,
    unref: still,
  });
}

/**
 * What ssh runs over there, whatever the user's shell is. A session without a terminal reads no profile, so its PATH
 * lacks the folder in which `slipway install` puts the command of an ordinary user.
 */
function remoteLine(command: string, home: string | undefined): string {
  const words = home === undefined ? command : `${command} --home ${quote(home)}`;
  return `sh -c ${quote(`PATH="$PATH:$HOME/.local/bin"; exec ${words}`)}`;
}

/** One word for the shell on the other side. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
