import { CodedError } from '../diagnostics/index.ts';

/** Where an engine is. */
export type EngineAddress =
  | { kind: 'unix'; url: string; socketPath: string }
  /** `destination` is a word for ssh: `ana@example.com`, or a name out of ~/.ssh/config. */
  | { kind: 'ssh'; url: string; destination: string; port: number | null };

/** The engine of this machine, where Docker puts it. */
export const localEngine = 'unix:///var/run/docker.sock';

/** Reads `unix:///path` or `ssh://[user@]host[:port]`. Throws `docker/bad-address`. */
export function parseAddress(url: string): EngineAddress {
  const [, socketPath] = /^unix:\/\/(\/.+)$/.exec(url) ?? [];
  if (socketPath !== undefined) return { kind: 'unix', url, socketPath };
  const [, destination, port] = /^ssh:\/\/([^-/:\s][^/:\s]*)(?::(\d+))?\/?$/.exec(url) ?? [];
  if (destination !== undefined)
    return { kind: 'ssh', url, destination, port: port === undefined ? null : Number(port) };
  throw new CodedError('docker/bad-address', `"${url}" is not the address of a Docker Engine`, {
    notes: ['an engine on another machine is reached through ssh; one that listens on TCP is not used'],
    help: `write ${localEngine} or ssh://user@host`,
  });
}
