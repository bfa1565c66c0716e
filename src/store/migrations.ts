import type { CreateTableBuilder, Kysely } from 'kysely';
import { CodedError } from '../diagnostics/index.ts';
import type { DatabaseKind, Tables } from './schema.ts';

type Migration = (db: Kysely<Tables>, kind: DatabaseKind) => Promise<void>;

/** Each entry takes the schema one version further. Append only: an entry that was released never changes. */
const migrations: readonly Migration[] = [createFirstTables, createFlagVersions];

/**
 * Brings the schema to this program's version; call it inside a write transaction, which also keeps other servers out.
 *
 * @throws CodedError `store/newer-schema` when a newer Slipway has been here: running on would misread its rows.
 */
export async function migrate(db: Kysely<Tables>, kind: DatabaseKind): Promise<void> {
  await db.schema
    .createTable('schema_version')
    .ifNotExists()
    .addColumn('version', 'integer', (column) => column.notNull())
    .execute();
  const row = await db.selectFrom('schema_version').select('version').executeTakeFirst();
  const version = row?.version ?? 0;
  if (version > migrations.length) throw newerSchema(version);
  for (const migration of migrations.slice(version)) await migration(db, kind);
  if (row === undefined)
    await db.insertInto('schema_version').values({ version: migrations.length }).execute();
  else if (version < migrations.length)
    await db.updateTable('schema_version').set({ version: migrations.length }).execute();
}

function newerSchema(version: number): CodedError {
  return new CodedError(
    'store/newer-schema',
    `the database has schema version ${version}, this Slipway knows ${migrations.length}`,
    { help: 'start the newer Slipway that wrote it, or restore a backup from before the upgrade' },
  );
}

async function createFirstTables(db: Kysely<Tables>, kind: DatabaseKind): Promise<void> {
  await createFlowTables(db, kind);
  await createEventTables(db, kind);
  await createRecordTables(db);
}

/** An ascending id that is never used twice, in the words of either database. */
function withId<T extends string>(table: CreateTableBuilder<T>, kind: DatabaseKind) {
  return kind === 'sqlite'
    ? table.addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    : table.addColumn('id', 'bigint', (column) => column.generatedAlwaysAsIdentity().primaryKey());
}

async function createFlowTables(db: Kysely<Tables>, kind: DatabaseKind): Promise<void> {
  await db.schema
    .createTable('flows')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('phase', 'text', (column) => column.notNull())
    .addColumn('data', 'text', (column) => column.notNull())
    .addColumn('wake_at_ms', 'bigint')
    .addColumn('rest_until_ms', 'bigint')
    .addColumn('fence', 'bigint', (column) => column.notNull())
    .addColumn('done', 'integer', (column) => column.notNull())
    .addColumn('lease_owner', 'text')
    .addColumn('lease_process', 'text')
    .addColumn('failures', 'integer', (column) => column.notNull())
    .addColumn('touched_at_ms', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('flows_by_wake').on('flows').columns(['done', 'wake_at_ms']).execute();
  // Both answer questions of every claim, and hold few rows: what is leased, what has unread signals.
  await db.schema
    .createIndex('flows_leased')
    .on('flows')
    .column('lease_owner')
    .where('lease_owner', 'is not', null)
    .execute();
  // No foreign key: a signal may be sent before its flow is created, and must not be lost.
  await withId(db.schema.createTable('signals'), kind)
    .addColumn('flow_id', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('payload', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('signals_by_flow').on('signals').columns(['flow_id', 'id']).execute();
}

async function createEventTables(db: Kysely<Tables>, kind: DatabaseKind): Promise<void> {
  await db.schema
    .createTable('chain_heads')
    .addColumn('chain', 'text', (column) => column.primaryKey())
    .addColumn('sequence', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute();
  await withId(db.schema.createTable('events'), kind)
    .addColumn('chain', 'text', (column) => column.notNull())
    .addColumn('sequence', 'bigint', (column) => column.notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('data', 'text', (column) => column.notNull())
    .addColumn('previous_hash', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addUniqueConstraint('events_chain_sequence', ['chain', 'sequence'])
    .execute();
  await db.schema.createIndex('events_by_type').on('events').columns(['type', 'id']).execute();
}

async function createRecordTables(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('releases')
    .addColumn('digest', 'text', (column) => column.primaryKey())
    .addColumn('app', 'text', (column) => column.notNull())
    .addColumn('commit_id', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('releases_by_commit').on('releases').columns(['app', 'commit_id']).execute();
  await db.schema
    .createTable('documents')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('updated_at_ms', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('documents_key', ['kind', 'id'])
    .execute();
  await db.schema
    .createTable('secrets')
    .addColumn('app', 'text', (column) => column.notNull())
    .addColumn('environment', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('ciphertext', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('secrets_key', ['app', 'environment', 'name', 'version'])
    .execute();
}

async function createFlagVersions(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('flag_versions')
    .addColumn('app', 'text', (column) => column.notNull())
    .addColumn('environment', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('flag_versions_key', ['app', 'environment', 'version'])
    .execute();
}
