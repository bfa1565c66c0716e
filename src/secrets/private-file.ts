import { open } from 'node:fs/promises';
import { CodedError } from '../diagnostics/index.ts';

/**
 * Reads a file that only its owner may read; null when it does not exist.
 *
 * @throws CodedError `secrets/open-file` when others may read it, `secrets/foreign-file` when it is not ours,
 * `secrets/unreadable-file` for everything else.
 */
export async function readPrivateFile(file: string): Promise<string | null> {
  const handle = await open(file, 'r').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null;
    throw new CodedError(
      'secrets/unreadable-file',
      `${file} cannot be read (${cause.code ?? cause.message})`,
      {
        help: `make it readable for the user that runs Slipway: chown and chmod 600 ${file}`,
        cause,
      },
    );
  });
  if (!handle) return null;
  try {
    // Of the open file, so that nobody can exchange it between the look and the read.
    const stats = await handle.stat();
    if (!stats.isFile()) {
      throw new CodedError('secrets/unreadable-file', `${file} is not a file`, { help: 'name a file' });
    }
    const mode = stats.mode & 0o777;
    if ((mode & 0o177) !== 0) throw tooOpen(file, mode);
    if (process.getuid && stats.uid !== process.getuid()) throw foreign(file, stats.uid, process.getuid());
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

function tooOpen(file: string, mode: number): CodedError {
  const octal = mode.toString(8).padStart(4, '0');
  return new CodedError('secrets/open-file', `${file} has mode ${octal}, and it holds secrets`, {
    notes: ['allowed: 0600 and 0400'],
    help: `chmod 600 ${file}`,
  });
}

function foreign(file: string, owner: number, self: number): CodedError {
  return new CodedError(
    'secrets/foreign-file',
    `${file} belongs to user ${owner}, and Slipway runs as user ${self}`,
    {
      help: `chown ${self} ${file}`,
    },
  );
}
