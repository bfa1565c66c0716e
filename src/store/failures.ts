import { CodedError, unreachable } from '../diagnostics/index.ts';

/** What a failure of the database means for the one who asked. */
export type FailureKind = 'busy' | 'conflict' | 'full' | 'damaged' | 'unreachable' | 'other';

/** @see https://www.sqlite.org/rescode.html */
const sqliteKinds: Readonly<Record<number, FailureKind>> = {
  5: 'busy',
  6: 'busy',
  8: 'unreachable',
  10: 'damaged',
  11: 'damaged',
  13: 'full',
  14: 'unreachable',
  26: 'damaged',
};

/** @see https://www.postgresql.org/docs/15/errcodes-appendix.html */
const postgresKinds: readonly (readonly [start: string, kind: FailureKind])[] = [
  ['40001', 'conflict'],
  ['40P01', 'conflict'],
  ['23505', 'conflict'],
  ['53100', 'full'],
  ['08', 'unreachable'],
  ['28', 'unreachable'],
  ['3D', 'unreachable'],
  ['53', 'unreachable'],
  ['57P', 'unreachable'],
  ['XX001', 'damaged'],
  ['XX002', 'damaged'],
];

const systemKinds: Readonly<Record<string, FailureKind>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EACCES: 'unreachable',
  EISDIR: 'unreachable',
  ENOENT: 'unreachable',
  ENOTDIR: 'unreachable',
  EROFS: 'unreachable',
  ECONNREFUSED: 'unreachable',
  ECONNRESET: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  ETIMEDOUT: 'unreachable',
};

/** Sorts an error of node:sqlite, pg or the file system. */
export function failureKind(error: unknown): FailureKind {
  const { code, errcode, message } = error as { code?: unknown; errcode?: unknown; message?: unknown };
  // The low byte is the primary code, whatever the extended one says.
  if (code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number')
    return sqliteKinds[errcode & 0xff] ?? 'other';
  if (typeof code === 'string') {
    const known = systemKinds[code] ?? postgresKinds.find(([start]) => code.startsWith(start))?.[1];
    if (known) return known;
  }
  const lost =
    typeof message === 'string' && /connection terminated|timeout exceeded when trying/i.test(message);
  return lost ? 'unreachable' : 'other';
}

/**
 * The failure as users should see it, with the way out; an error that is neither known nor theirs stays as it is.
 *
 * @param place - The database in words that may be printed: a file, or a host without its password.
 */
export function asStoreError(error: unknown, place: string): unknown {
  if (error instanceof CodedError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const options = (help: string) => ({ help, notes: [`it said: ${reason}`], cause: error });
  const kind = failureKind(error);
  switch (kind) {
    case 'busy':
      return new CodedError(
        'store/busy',
        `${place} stayed locked by another process`,
        options(
          'look which process holds it open (`fuser -v FILE`), end what does not belong there, and try again',
        ),
      );
    case 'full':
      return new CodedError(
        'store/disk-full',
        `no space left to write to ${place}; nothing was changed`,
        options('free some space (`df -h` shows where), then try again'),
      );
    case 'damaged':
      return new CodedError(
        'store/damaged',
        `${place} is damaged or is no Slipway database`,
        options('restore the newest backup; keep a copy of the damaged file'),
      );
    case 'unreachable':
      return new CodedError(
        'store/unreachable',
        `cannot open ${place}`,
        options(
          'check that the path or SLIPWAY_DATABASE_URL is right, that the database runs, and that this user may use it',
        ),
      );
    case 'conflict':
    case 'other':
      return error;
    default:
      return unreachable(kind);
  }
}
