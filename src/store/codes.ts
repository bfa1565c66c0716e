import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `store/`, what it stands for and what to do. */
export const storeCodes = {
  'audit-bad-signature': {
    means: "The newest event of a chain is not signed with this server's key.",
    todo: 'Compare with backups: somebody changed it, or another key signed it.',
  },
  'audit-broken': {
    means: 'An event of a chain was changed after it was written.',
    todo: 'Compare with backups of the database; the message names the record.',
  },
  'audit-cut-off': {
    means: 'The newest events of a chain are gone.',
    todo: 'Compare with backups of the database.',
  },
  'audit-head-damaged': {
    means: "The signed copy of a chain's newest link cannot be read.",
    todo: 'Restore `heads/` from a backup.',
  },
  'audit-head-missing': {
    means: "The signed copy of a chain's newest link is gone.",
    todo: 'Restore `heads/` from a backup.',
  },
  'audit-missing': {
    means: 'Events in the middle of a chain are gone.',
    todo: 'Compare with backups of the database.',
  },
  'audit-roll-damaged': {
    means: 'The list of signed chains cannot be read.',
    todo: 'Restore `heads.json` from a backup.',
  },
  'audit-roll-missing': {
    means: 'The list of signed chains is gone.',
    todo: 'Restore `heads.json` from a backup.',
  },
  'bad-audit-key': {
    means: 'The key that events are signed with is not one.',
    todo: 'Restore it from a backup; do not make a new one.',
  },
  busy: {
    means: 'The database was locked for too long.',
    todo: 'Try again; look for another program that has it open.',
  },
  damaged: { means: 'The database file is damaged.', todo: 'Restore it from a backup.' },
  'disk-full': {
    means: 'No space to write to the database; nothing was changed.',
    todo: 'Free some space, then try again.',
  },
  'newer-schema': { means: 'A newer Slipway has used this database.', todo: 'Start that version.' },
  'no-such-chain': { means: 'There is no chain of that name.', todo: 'Name one of those listed.' },
  'release-differs': {
    means: 'A release of this digest is kept with other facts.',
    todo: 'Report it: the same content must come from the same commit.',
  },
  'stale-fence': {
    means: 'A server that was replaced wanted to change flags; it was refused.',
    todo: 'Nothing: the newer server goes on.',
  },
  unreachable: {
    means: 'The database does not answer.',
    todo: 'Start it, and look at `SLIPWAY_DATABASE_URL`.',
  },
} as const satisfies Catalogue;
