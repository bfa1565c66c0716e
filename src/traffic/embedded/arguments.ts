import { parseArgs } from 'node:util';
import { CodedError } from '../../diagnostics/index.ts';

export interface ListenAddress {
  host: string;
  port: number;
}

/** Where TLS is spoken, and with what. */
export interface TlsArguments {
  listen: ListenAddress;
  /** An inherited listening socket, as `listenFd`. */
  listenFd: number | null;
  /** Folder of certificates, see `readCertificates`. */
  certificates: string;
}

/** How a router process is started. */
export interface RouterArguments {
  stateFile: string;
  controlSocket: string;
  listen: ListenAddress;
  /** An inherited listening socket, from a supervisor or a predecessor. */
  listenFd: number | null;
  /** Null serves plain HTTP only. */
  tls: TlsArguments | null;
  /** Control socket of the process to take over from. */
  predecessor: string | null;
  /** How long a process that leaves waits for its open requests and connections. */
  drainTimeoutMs: number;
  /** How long an app may take until the head of its response, before it counts as 504. */
  responseTimeoutMs: number;
  /** Addresses or ranges whose X-Forwarded-* headers are believed. */
  trustedProxies: string[];
  /** Ends the answer to every challenge of our ACME account; null leaves challenges to the apps. */
  acmeThumbprint: string | null;
}

const usage =
  'node main.ts --state FILE --control SOCKET --listen HOST:PORT [--listen-fd N] [--listen-tls HOST:PORT --certificates DIR [--listen-tls-fd N]] [--drain-timeout-ms N] [--response-timeout-ms N] [--trust-proxy ADDRESS[/BITS]]... [--acme-thumbprint TEXT]';

/** @throws CodedError `traffic/invalid-arguments` */
export function parseArguments(argv: readonly string[]): RouterArguments {
  const { values } = readFlags(argv);
  if (values.state === undefined || values.control === undefined || values.listen === undefined)
    throw invalid('--state, --control and --listen HOST:PORT are needed');
  return {
    stateFile: values.state,
    controlSocket: values.control,
    listen: address('--listen', values.listen),
    listenFd: descriptor('--listen-fd', values['listen-fd']),
    tls: tlsArguments(values),
    predecessor: values.predecessor ?? null,
    drainTimeoutMs: wholeNumber('--drain-timeout-ms', values['drain-timeout-ms']),
    responseTimeoutMs: wholeNumber('--response-timeout-ms', values['response-timeout-ms']),
    trustedProxies: values['trust-proxy'],
    acmeThumbprint: thumbprint(values['acme-thumbprint']),
  };
}

function tlsArguments(values: ReturnType<typeof readFlags>['values']): TlsArguments | null {
  const { certificates, 'listen-tls': listen, 'listen-tls-fd': fd } = values;
  if ((listen === undefined) !== (certificates === undefined))
    throw invalid('--listen-tls and --certificates belong together');
  if (listen === undefined || certificates === undefined) return null;
  return {
    listen: address('--listen-tls', listen),
    listenFd: descriptor('--listen-tls-fd', fd),
    certificates,
  };
}

/** Whether a command line asks for TLS, so that its process can take over the socket for it. */
export function wantsTls(argv: readonly string[]): boolean {
  return argv.some((argument) => /^--listen-tls(=|$)/.test(argument));
}

/** The command line for a successor: as this one's, with the sockets and the predecessor named anew. */
export function successorArgv(
  argv: readonly string[],
  handover: { listenFd: number; tlsListenFd: number | null; predecessor: string },
): string[] {
  const kept: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? '';
    if (/^--(listen-fd|listen-tls-fd|predecessor)$/.test(argument)) index++;
    else if (!/^--(listen-fd|listen-tls-fd|predecessor)=/.test(argument)) kept.push(argument);
  }
  const tls = handover.tlsListenFd === null ? [] : ['--listen-tls-fd', String(handover.tlsListenFd)];
  return [...kept, '--listen-fd', String(handover.listenFd), ...tls, '--predecessor', handover.predecessor];
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
        'listen-tls': { type: 'string' },
        'listen-tls-fd': { type: 'string' },
        certificates: { type: 'string' },
        predecessor: { type: 'string' },
        'drain-timeout-ms': { type: 'string', default: '300000' },
        'response-timeout-ms': { type: 'string', default: '60000' },
        'trust-proxy': { type: 'string', multiple: true, default: [] },
        'acme-thumbprint': { type: 'string' },
      },
    });
  } catch (error) {
    throw invalid((error as Error).message, error);
  }
}

function address(flag: string, text: string): ListenAddress {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:]+)):(\d{1,5})$/i.exec(text);
  if (!match) throw invalid(`${flag} takes HOST:PORT, not "${text}"`);
  return { host: match[1] ?? match[2] ?? '', port: Number(match[3]) };
}

/** A SHA-256 in base64url, and nothing that a configuration could read otherwise. */
function thumbprint(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (/^[A-Za-z0-9_-]{43}$/.test(text)) return text;
  throw invalid(`--acme-thumbprint takes 43 letters of base64url, not "${text}"`);
}

function descriptor(flag: string, text: string | undefined): number | null {
  return text === undefined ? null : wholeNumber(flag, text);
}

function wholeNumber(flag: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw invalid(`${flag} takes a whole number, not "${value}"`);
  return Number(value);
}

function invalid(message: string, cause?: unknown): CodedError {
  return new CodedError('traffic/invalid-arguments', message, { help: usage, cause });
}
