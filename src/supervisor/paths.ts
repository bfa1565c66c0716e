import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';

/** Where a supervisor keeps what, below one home directory. */
export interface SupervisorPaths {
  home: string;
  socket: string;
  state: string;
  locks: string;
  /** Records of one-shots: that they began, and how they ended. */
  exits: string;
  log: string;
}

/** Exit code of a supervisor that finds another one in its home: no failure for whoever wanted one. */
export const exitAlreadyRunning = 3;

/** The kernel takes 107 bytes; some are kept for the temporary names of others. */
const longestSocketBytes = 100;

/** Names the files of a home. Throws `supervisor/home-too-long` where no socket could be bound. */
export function supervisorPaths(home: string): SupervisorPaths {
  const socket = join(home, 'supervisor.sock');
  const bytes = Buffer.byteLength(socket);
  if (bytes > longestSocketBytes) {
    throw new CodedError(
      'supervisor/home-too-long',
      `the path of the supervisor's socket has ${bytes} bytes`,
      {
        notes: [socket, `a unix socket's path may have at most ${longestSocketBytes} bytes`],
        help: 'choose a shorter home directory with --home or SLIPWAY_HOME',
      },
    );
  }
  return {
    home,
    socket,
    state: join(home, 'supervisor.json'),
    locks: join(home, 'supervisor.lock'),
    exits: join(home, 'exits'),
    log: join(home, 'logs', 'supervisor.log'),
  };
}

/** First 32 hex digits of SHA-256: a file name or a mark for any text. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
