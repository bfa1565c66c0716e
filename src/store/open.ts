import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, FlowStore, NewEvent, StoredEvent } from '../flow/index.ts';
import { openAuditKey } from './audit-key.ts';
import { Audit, type AuditReport } from './audit.ts';
import { Changes } from './changes.ts';
import { Database } from './database.ts';
import { Documents } from './documents.ts';
import { appendEvents, listChains, listEvents, type ChainTip, type EventQuery } from './events.ts';
import { asStoreError } from './failures.ts';
import { DatabaseFlows } from './flows.ts';
import { FlagVersions } from './flag-versions.ts';
import { HeadFiles } from './head-files.ts';
import { HeadKeeper } from './head-keeper.ts';
import type { Owner } from './owner.ts';
import { Releases } from './releases.ts';
import { Secrets } from './secret-rows.ts';

/** How to open a store. */
export interface StoreOptions {
  /** `postgres://…`; several servers may share it. Wins over `file`. */
  url?: string;
  /** SQLite, for one machine (several processes may share it); `<home>/slipway.db` if not said; `:memory:` for trials. */
  file?: string;
  /** This machine's own folder: the key of the audit and the signed heads. */
  home: string;
  clock: Clock;
  /** Usually `currentOwner(id)`. */
  owner: Owner;
  /** Told when a signed head could not be written; the commit stands, and the next open catches up. */
  onError?: (error: unknown) => void;
}

/** Everything durable. All methods reject with a CodedError `store/…` when the database fails. */
export interface Store {
  flows: FlowStore;
  events: {
    append(events: readonly NewEvent[]): Promise<StoredEvent[]>;
    list(query?: EventQuery): Promise<StoredEvent[]>;
    chains(): Promise<ChainTip[]>;
  };
  audit: { verify(chain?: string): Promise<AuditReport> };
  releases: Releases;
  documents: Documents;
  secrets: Secrets;
  flags: FlagVersions;
  /** Grows with every commit of this process; where to start waiting from. */
  changeToken(): number;
  /** Resolves with the newest token: at once when it is past `afterToken`, at the next local commit, or after the time. */
  waitForChange(afterToken: number, timeoutMs: number): Promise<number>;
  /** Called right after each local commit; returns how to stop. Other servers' commits are found by looking. */
  onChange(callback: (token: number) => void): () => void;
  /** Writes the last heads and lets go of the database. Calls after it fail. */
  close(): Promise<void>;
}

/**
 * Opens the store, makes or upgrades its tables, and catches up the signed heads that a crash left behind.
 *
 * @throws CodedError `store/unreachable`, `store/damaged`, `store/newer-schema`, `store/busy`, `store/disk-full`,
 * `store/bad-audit-key`
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const file = options.file ?? join(options.home, 'slipway.db');
  makeHome(options.home);
  return openStoreOver(
    await Database.open(options.url === undefined ? { file } : { url: options.url }),
    options,
  );
}

/** The rest of opening, over a database that is open already; closes it when it fails. */
export async function openStoreOver(database: Database, options: StoreOptions): Promise<Store> {
  try {
    const files = await openHeads(database, options.home);
    const keeper = new HeadKeeper(database, files, options.onError ?? (() => {}));
    await keeper.catchUp();
    return assemble({ options, database, files, keeper });
  } catch (error) {
    await database.close();
    throw error;
  }
}

function makeHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw asStoreError(error, `the folder ${home}`);
  }
}

/** One process at a time: two that start together must not make two keys. */
function openHeads(database: Database, home: string): Promise<HeadFiles> {
  return database.write(async (tx) => {
    await database.queue(tx, 'heads');
    return new HeadFiles(home, openAuditKey(home));
  });
}

interface Parts {
  options: StoreOptions;
  database: Database;
  files: HeadFiles;
  keeper: HeadKeeper;
}

function assemble({ options, database, files, keeper }: Parts): Store {
  const { clock, owner } = options;
  const changes = new Changes();
  const committed = (events: readonly StoredEvent[] = []) => {
    keeper.touch(events.map((event) => event.chain));
    changes.announce();
  };
  const wallMs = () => clock.wallMs();
  const append = async (events: readonly NewEvent[]) => {
    const atMs = wallMs();
    const stored = await database.write((tx) => appendEvents(database, tx, { events, atMs }));
    committed(stored);
    return stored;
  };
  return {
    flows: new DatabaseFlows({ database, clock, owner, committed }),
    events: { append, list: (query) => listEvents(database, query), chains: () => listChains(database) },
    audit: new Audit(database, files, keeper),
    releases: new Releases(database, wallMs, committed),
    documents: new Documents(database, wallMs, committed),
    secrets: new Secrets(database, wallMs, committed),
    flags: new FlagVersions(database, wallMs, committed),
    changeToken: () => changes.token,
    waitForChange: (afterToken, timeoutMs) => changes.waitForChange(afterToken, timeoutMs),
    onChange: (callback) => changes.onChange(callback),
    close: async () => {
      changes.end();
      await keeper.flush();
      await database.close();
    },
  };
}
