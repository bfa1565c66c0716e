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
}

const keptLines = 8;
const lastWordsMs = 1000;

/**
 * Reaches a server as Docker does: each connection is one `ssh host slipway dial`, whose stdin and stdout are the
 * wire. No open port and no token: who may log in there may use it. Connections are kept for the next request.
 *
 * @throws CodedError `server/bad-host` for a host that ssh would take as an option.
 */
export function createSshAgent({ host, home, ssh }: SshOptions): SshAgent {
  if (host === '' || host.startsWith('-')) {
    throw new CodedError('server/bad-host', `"${host}" is not a machine that ssh can reach`, {
      help: 'write it like this: --host ana@example.com',
    });
  }
  const heard: string[] = [];
  let silent: Promise<void> = Promise.resolve();
  const remote = home === undefined ? 'slipway dial' : `slipway dial --home ${quote(home)}`;
  const lastWords = () => Promise.race([silent, sleep(lastWordsMs, undefined, { ref: false })]);
  class Dialler extends Agent {
    override createConnection(_options: ClientRequestArgs) {
      const child = spawn(ssh, ['-o', 'BatchMode=no', '-T', '--', host, remote], { stdio: 'pipe' });
      silent = listen(child, heard);
      return wireOf(child);
    }
    async explain(error: Error): Promise<CodedError> {
      // What ssh said may arrive after its end was noticed.
      await lastWords();
      return new CodedError('server/unreachable', `the server on ${host} cannot be reached`, {
        notes: heard.length > 0 ? heard.slice(-keptLines) : [error.message],
        help: `try it by hand: ssh ${host} slipway status`,
        cause: error,
      });
    }
  }
  return new Dialler({ keepAlive: true, maxFreeSockets: 1 });
}

function listen(child: ChildProcessWithoutNullStreams, heard: string[]): Promise<void> {
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    heard.push(...text.split(/\r?\n/).filter((line) => line.trim() !== ''));
  });
  return new Promise((resolve) => {
    child.on('close', () => resolve());
  });
}

function wireOf(child: ChildProcessWithoutNullStreams): Duplex {
  // The types know only one half of what `from` takes.
  const wire = Duplex.from({ readable: child.stdout, writable: child.stdin } as never);
  child.on('error', (error) => wire.destroy(error));
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

/** One word for the shell on the other side. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
