import { parseArgs } from 'node:util';
import { CodedError } from '../../diagnostics/index.ts';

/** How a router process is started. */
export interface RouterArguments {
  stateFile: string;
  controlSocket: string;
  listen: { host: string; port: number };
  /** An inherited listening socket, from a supervisor or a predecessor. */
  listenFd: number | null;
  /** Control socket of the process to take over from. */
  predecessor: string | null;
  /** How long a process that leaves waits for its open requests and connections. */
  drainTimeoutMs: number;
  /** How long an app may take until the head of its response, before it counts as 504. */
  responseTimeoutMs: number;
  /** Addresses or ranges whose X-Forwarded-* headers are believed. */
  trustedProxies: string[];
}

const usage =
  'node main.ts --state FILE --control SOCKET --listen HOST:PORT [--listen-fd N] [--drain-timeout-ms N] [--response-timeout-ms N] [--trust-proxy ADDRESS[/BITS]]...';

/** @throws CodedError `traffic/invalid-arguments` */
export function parseArguments(argv: readonly string[]): RouterArguments {
  const { values } = readFlags(argv);
  const match = /^(?:\[([0-9a-f:]+)\]|([^:]+)):(\d{1,5})$/i.exec(values.listen ?? '');
  if (values.state === undefined || values.control === undefined || !match)
    throw invalid('--state, --control and --listen HOST:PORT are needed');
  return {
    stateFile: values.state,
    controlSocket: values.control,
    listen: { host: match[1] ?? match[2] ?? '', port: Number(match[3]) },
    listenFd: values['listen-fd'] === undefined ? null : wholeNumber('--listen-fd', values['listen-fd']),
    predecessor: values.predecessor ?? null,
    drainTimeoutMs: wholeNumber('--drain-timeout-ms', values['drain-timeout-ms']),
    responseTimeoutMs: wholeNumber('--response-timeout-ms', values['response-timeout-ms']),
    trustedProxies: values['trust-proxy'],
  };
}

/** The command line for a successor: as this one's, with the socket and the predecessor named anew. */
export function successorArgv(
  argv: readonly string[],
  handover: { listenFd: number; predecessor: string },
): string[] {
  const kept: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? '';
    if (argument === '--listen-fd' || argument === '--predecessor') index++;
    else if (!/^--(listen-fd|predecessor)=/.test(argument)) kept.push(argument);
  }
  return [...kept, '--listen-fd', String(handover.listenFd), '--predecessor', handover.predecessor];
}

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        state: { type: 'string' },
        control: { type: 'string' },
        listen: { type: 'string' },
        'listen-fd': { type: 'string' },
        predecessor: { type: 'string' },
        'drain-timeout-ms': { type: 'string', default: '300000' },
        'response-timeout-ms': { type: 'string', default: '60000' },
        'trust-proxy': { type: 'string', multiple: true, default: [] },
      },
    });
  } catch (error) {
    throw invalid((error as Error).message, error);
  }
}

function wholeNumber(flag: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw invalid(`${flag} takes a whole number, not "${value}"`);
  return Number(value);
}

function invalid(message: string, cause?: unknown): CodedError {
  return new CodedError('traffic/invalid-arguments', message, { help: usage, cause });
}
