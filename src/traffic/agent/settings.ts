import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { CodedError } from '../../diagnostics/index.ts';
import { isProgramKind, programKinds, type ProgramKind } from './programs.ts';

/** An address to listen at. */
export interface ListenAddress {
  host: string;
  port: number;
}

/** How an agent and its program are started. */
export interface AgentSettings {
  kind: ProgramKind;
  stateFile: string;
  controlSocket: string;
  /** Configuration, sockets and logs of the program; made when missing, for its owner alone. */
  folder: string;
  listen: ListenAddress;
  /** Null serves plain HTTP only. Each `*.pem` in the folder holds a certificate with its chain and key. */
  tls: { listen: ListenAddress; certificates: string } | null;
  /** The program's path; null finds it in PATH and where packages put it. */
  program: string | null;
  /** The user's own configuration, loaded before ours, which then is a part of it. Empty when ours is all there is. */
  ownConfig: string[];
  /** How long a process that leaves waits for its open requests and connections. */
  drainTimeoutMs: number;
  /** How long an app may take until the head of its response, before it counts as 504. */
  responseTimeoutMs: number;
  /** Larger bodies are answered 413; 0 takes any. */
  maxBodyBytes: number;
  /** Addresses or ranges whose X-Forwarded-* headers are believed. */
  trustedProxies: string[];
  /** Ends the answer to every challenge of our ACME account; null leaves challenges to the apps. */
  acmeThumbprint: string | null;
}

const usage =
  'node main.ts --router haproxy|nginx|caddy|traefik --state FILE --control SOCKET --listen HOST:PORT [--folder DIR] [--program FILE] [--listen-tls HOST:PORT --certificates DIR] [--own-config FILE]... [--drain-timeout-ms N] [--response-timeout-ms N] [--max-body-bytes N] [--trust-proxy ADDRESS[/BITS]]... [--acme-thumbprint TEXT]';

/** @throws CodedError `traffic/invalid-arguments` */
export function parseSettings(argv: readonly string[]): AgentSettings {
  const { values } = readFlags(argv);
  const { router, state, control, listen, certificates } = values;
  if (!isProgramKind(router)) throw invalid(`--router is one of ${programKinds.join(', ')}`);
  if (state === undefined || control === undefined || listen === undefined)
    throw invalid('--state, --control and --listen HOST:PORT are needed');
  const listenTls = values['listen-tls'];
  if ((listenTls === undefined) !== (certificates === undefined))
    throw invalid('--listen-tls and --certificates belong together');
  return {
    kind: router,
    stateFile: state,
    controlSocket: control,
    folder: values.folder ?? join(dirname(state), router),
    listen: address('--listen', listen),
    tls:
      listenTls === undefined || certificates === undefined
        ? null
        : { listen: address('--listen-tls', listenTls), certificates },
    program: values.program ?? null,
    ownConfig: values['own-config'],
    drainTimeoutMs: wholeNumber('--drain-timeout-ms', values['drain-timeout-ms']),
    responseTimeoutMs: wholeNumber('--response-timeout-ms', values['response-timeout-ms']),
    maxBodyBytes: wholeNumber('--max-body-bytes', values['max-body-bytes']),
    trustedProxies: values['trust-proxy'],
    acmeThumbprint: thumbprint(values['acme-thumbprint']),
  };
}

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        router: { type: 'string' },
        state: { type: 'string' },
        control: { type: 'string' },
        folder: { type: 'string' },
        listen: { type: 'string' },
        'listen-tls': { type: 'string' },
        certificates: { type: 'string' },
        program: { type: 'string' },
        'own-config': { type: 'string', multiple: true, default: [] },
        'drain-timeout-ms': { type: 'string', default: '300000' },
        'response-timeout-ms': { type: 'string', default: '60000' },
        'max-body-bytes': { type: 'string', default: String(1024 ** 3) },
        'trust-proxy': { type: 'string', multiple: true, default: [] },
        'acme-thumbprint': { type: 'string' },
      },
    });
  } catch (error) {
    throw invalid((error as Error).message, error);
  }
}

function address(flag: string, text: string): ListenAddress {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:\s]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port < 1 || port > 65_535)
    throw invalid(`${flag} takes HOST:PORT, not "${text}"`);
  return { host, port };
}

/** A SHA-256 in base64url, and nothing that a configuration could read otherwise. */
function thumbprint(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (/^[A-Za-z0-9_-]{43}$/.test(text)) return text;
  throw invalid(`--acme-thumbprint takes 43 letters of base64url, not "${text}"`);
}

function wholeNumber(flag: string, value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw invalid(`${flag} takes a whole number, not "${value}"`);
  return Number(value);
}

function invalid(message: string, cause?: unknown): CodedError {
  return new CodedError('traffic/invalid-arguments', message, { help: usage, cause });
}
