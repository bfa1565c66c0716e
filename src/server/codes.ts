import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `server/`, what it stands for and what to do. */
export const serverCodes = {
  'already-runs': { means: 'A server of this home runs.', todo: '`slipway down` first.' },
  'bad-address': {
    means: 'Not an address to listen on.',
    todo: 'Write HOST:PORT, such as `127.0.0.1:8080`.',
  },
  'bad-host': { means: 'Not a machine that ssh can reach.', todo: 'Write it like `--host ana@example.com`.' },
  'bad-request': {
    means: 'A request that the API does not take.',
    todo: 'Read the notes; use one version of Slipway on both sides.',
  },
  'disk-full': {
    means: 'No space left where the server keeps its files.',
    todo: 'Free some space on its machine, then try again.',
  },
  'does-not-stop': { means: 'The server has not ended in time.', todo: 'Read its log, which is named.' },
  failed: {
    means: 'The server answered with something that is no answer.',
    todo: 'Read its log; use one version of Slipway on both sides.',
  },
  'home-not-writable': {
    means: 'The home cannot be made or written.',
    todo: 'Name a directory that is yours: `--home DIR`.',
  },
  'home-too-long': {
    means: "The home's path is too long for a unix socket.",
    todo: 'Choose a shorter one: `--home /var/lib/slipway`.',
  },
  internal: { means: 'A mistake in Slipway.', todo: "Report it with the last lines of the server's log." },
  'is-owner': {
    means: 'The owner of the server may do everything, and is granted nothing.',
    todo: 'Name the user name of somebody else.',
  },
  'no-doors': {
    means: "The directory of people's sockets, beside the home, cannot be made.",
    todo: 'Make it for the user of the server, as the help says.',
  },
  'no-free-port': {
    means: 'All ports that are tried by themselves are taken.',
    todo: '`slipway up --http 127.0.0.1:9000`.',
  },
  'not-set-up': { means: 'The home has never had a server.', todo: '`slipway up`.' },
  'not-started': { means: 'The server ended while it started.', todo: 'Read its log, which is named.' },
  refused: { means: 'The server said no; its own findings say why.', todo: 'Follow those.' },
  'runs-elsewhere': {
    means: 'The server runs and takes requests at another address.',
    todo: '`slipway down && slipway up --http ADDRESS`.',
  },
  'unknown-path': { means: 'The API has no such path.', todo: 'Use one version of Slipway on both sides.' },
  'unsafe-door': {
    means: "The directory of people's sockets was made by somebody who could pass for the server.",
    todo: 'Tell the owner of the server.',
  },
  unreachable: {
    means: 'No server answers.',
    todo: '`slipway up`, or name another one with `--home` or `--host`.',
  },
} as const satisfies Catalogue;
