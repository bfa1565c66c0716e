import { lstatSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { requireName } from '../access/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import { layoutOf } from '../wiring/index.ts';

/** Through which socket a user of this machine reaches the server of a home. */
export interface Entrance {
  socket: string;
  /** Whose door it is; null for the owner's own socket. */
  person: string | null;
}

/**
 * The server's own socket for the home's owner and for root, else the door that has the user's name. A door counts only
 * in a directory that nobody but the home's owner or root can have filled: another user could wait behind it otherwise.
 *
 * @param as - For `slipway dial --as`: this person's door, whoever asks.
 * @throws CodedError `server/unsafe-door`, `access/bad-name`
 */
export function entranceOf(home: string, as?: string): Entrance {
  if (as !== undefined) requireName(as);
  const { serverSocket, doors } = layoutOf(home);
  const owner = ownerOf(home);
  const { uid, username } = me();
  if (as === undefined && (owner === undefined || uid === 0 || uid === owner))
    return { socket: serverSocket, person: null };
  const found = lstatSync(doors, { throwIfNoEntry: false });
  const safe =
    !found || (found.isDirectory() && (found.mode & 0o022) === 0 && [0, owner].includes(found.uid));
  if (safe) return { socket: join(doors, as ?? username), person: as ?? username };
  throw new CodedError('server/unsafe-door', `${doors} was not made by the owner of ${home}`, {
    notes: ['whoever made it could pass for the server, so it is not used'],
    help: 'tell the owner of the server',
  });
}

/** Undefined where there is nothing, or nothing that this user may see. */
function ownerOf(home: string): number | undefined {
  try {
    return statSync(home).uid;
  } catch {
    return undefined;
  }
}

function me(): { uid: number; username: string } {
  try {
    return userInfo();
  } catch {
    const uid = process.getuid?.() ?? -1;
    return { uid, username: `uid-${uid}` };
  }
}
