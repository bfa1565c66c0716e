import { once } from 'node:events';
import { connect } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { CodedError } from '../../diagnostics/index.ts';
import { entranceOf } from '../../server/index.ts';
import type { CliContext, CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { serverWithStart } from '../local-server.ts';

interface DialOptions extends CommonOptions {
  as?: string;
  running?: boolean;
}

/** The far end of `--host`: stdin and stdout become a connection to the server of this machine. */
export async function dial(context: CliContext, options: DialOptions): Promise<number> {
  const home = options.home ?? context.defaultHome();
  // Whoever stopped the server of a machine that runs copies for another one wants it to stay stopped.
  if (options.running !== true) (await serverWithStart(context, { home })).close();
  const { socket: path, person } = entranceOf(home, options.as);
  const socket = connect(path);
  try {
    await once(socket, 'connect');
  } catch (cause) {
    if (person === null) throw notRunning(home, cause);
    throw new CodedError('server/unreachable', `the server lets ${person} in no longer, or not yet`, {
      notes: [`looked at ${path}`],
      help: `its owner can say: slipway access grant ${person} viewer`,
      cause,
    });
  }
  try {
    await Promise.race([
      Promise.all([pipeline(context.stdin, socket), pipeline(socket, context.stdout)]),
      // The server's end is the end, even while the other side still holds its own open.
      new Promise((resolve) => {
        socket.on('close', resolve);
      }),
    ]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE') return exitCodes.done;
    throw new CodedError('server/unreachable', `the connection broke: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return exitCodes.done;
}

function notRunning(home: string, cause: unknown): CodedError {
  return new CodedError('server/unreachable', `no server runs for ${home}`, {
    help: 'start it on this machine: slipway up',
    cause,
  });
}
