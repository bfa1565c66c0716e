import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { CodedError } from '../diagnostics/index.ts';
import type { EngineAddress } from './address.ts';

/** What docker-modem throws: an answer of the engine, or an error of the connection. */
interface EngineThrow extends Error {
  statusCode?: number;
  json?: unknown;
  code?: string;
}

interface FailedCall {
  /** What was asked, for people: `create the container slipway-x`. */
  asked: string;
  address: EngineAddress;
  timeoutMs: number;
  timedOut: boolean;
  /** What ssh said; empty for a local engine. */
  sshWords: string[];
}

/** Says in Slipway's words why a call of the engine failed. */
export function engineFailure(thrown: unknown, call: FailedCall): CodedError {
  if (thrown instanceof CodedError) return thrown;
  const error = thrown as EngineThrow;
  if (call.timedOut) return notAnswering(error, call);
  if (error.statusCode !== undefined) return refusal(error, call);
  return call.address.kind === 'ssh' ? sshFailed(error, call) : noConnection(error, call, call.address);
}

function notAnswering(cause: Error, { asked, address, timeoutMs }: FailedCall): CodedError {
  const message = `the engine has not answered within ${timeoutMs / 1000} s when asked to ${asked}`;
  return new CodedError('docker/not-answering', message, {
    notes: [address.url],
    help: 'look at its log: journalctl -u docker; containers that run are not affected',
    cause,
  });
}

function refusal(cause: EngineThrow, { asked, address }: FailedCall): CodedError {
  const said = saidBy(cause);
  const { code, help } = kindOf(cause.statusCode ?? 0, said);
  return new CodedError(code, `could not ${asked}: ${said}`, { notes: [address.url], help, cause });
}

function saidBy({ json, message }: EngineThrow): string {
  const said = (json as { message?: unknown } | null)?.message;
  if (typeof said === 'string') return said.trim();
  return message.replace(/^\(HTTP code \d+\) [^-]* - /, '').trim();
}

function kindOf(status: number, said: string): { code: string; help: string } {
  if (/no space left on device/i.test(said))
    return { code: 'docker/disk-full', help: 'look for what takes the space: docker system df' };
  if (/port is already allocated|address already in use/i.test(said))
    return { code: 'docker/port-taken', help: 'end what holds the port, or publish another one' };
  if (status === 404) return { code: 'docker/not-found', help: 'look for it: docker ps -a; docker images' };
  if (status === 409) return { code: 'docker/conflict', help: 'look at what it names: docker ps -a' };
  if (status < 500) return { code: 'docker/refused', help: 'correct what the engine names' };
  return { code: 'docker/engine-failed', help: 'look at its log: journalctl -u docker' };
}

function noConnection(
  cause: EngineThrow,
  { asked }: FailedCall,
  { socketPath, url }: EngineAddress & { kind: 'unix' },
): CodedError {
  if (cause.code === 'EACCES') return noPermission(cause, socketPath);
  if (cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED') {
    const why = cause.code === 'ENOENT' ? 'there is no such socket' : 'nobody listens on the socket';
    return new CodedError('docker/no-socket', `no Docker Engine runs at ${socketPath}: ${why}`, {
      help: 'start it: systemctl start docker; install it on Debian: apt-get install docker.io',
      cause,
    });
  }
  const message = `the connection to the engine broke when asked to ${asked}: ${cause.message}`;
  return new CodedError('docker/unreachable', message, {
    notes: [url],
    help: 'look whether it runs: docker version',
    cause,
  });
}

function noPermission(cause: Error, socketPath: string): CodedError {
  const { username } = userInfo();
  const message = `the user "${username}" may not use the Docker Engine at ${socketPath}`;
  const group = groupOf(socketPath);
  return new CodedError('docker/no-permission', message, {
    notes: [`it is for root and the group "${group}", whose members can do everything that root can`],
    help: `usermod -aG ${group} ${username}, then log in again and start the server again`,
    cause,
  });
}

/** Almost always `docker`; its number where it has another name. */
function groupOf(socketPath: string): string {
  try {
    const { gid } = statSync(socketPath);
    const lines = readFileSync('/etc/group', 'utf8').split('\n');
    const [name] = lines.find((line) => line.split(':')[2] === String(gid))?.split(':') ?? [];
    return name ?? String(gid);
  } catch {
    return 'docker';
  }
}

function sshFailed(cause: Error, { address, sshWords }: FailedCall): CodedError {
  const host = address.url.replace(/^ssh:\/\//, '');
  const noDocker = sshWords.some((line) => /not found|unknown command|dial-stdio/.test(line));
  return new CodedError('docker/ssh-failed', `the engine on ${host} cannot be reached through ssh`, {
    notes: sshWords.length > 0 ? sshWords : [cause.message],
    help: noDocker
      ? 'the docker command must be in the PATH of that user over there, version 18.09 or newer'
      : `try it by hand as the user of the server: ssh ${sshWordsOf(address)} docker version`,
    cause,
  });
}

function sshWordsOf(address: EngineAddress): string {
  if (address.kind !== 'ssh') return address.url;
  return address.port === null ? address.destination : `-p ${address.port} ${address.destination}`;
}
