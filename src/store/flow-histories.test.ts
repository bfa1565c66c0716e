import { join } from 'node:path';
import type { SqliteDatabase, SqliteStatement } from 'kysely';
import {
  describeFlowHistories,
  type OpenWithPlug,
  type Plug,
} from '../../test/conformance/flow-histories.ts';
import { Database } from './database.ts';
import { openStoreOver } from './open.ts';
import { adaptSqlite, openSqlite } from './sqlite.ts';

/** A database whose connection can be cut, as by SIGKILL: an open transaction is gone, and nothing works any more. */
class Cuttable implements SqliteDatabase, Plug {
  readonly #database: SqliteDatabase;
  #left = Number.POSITIVE_INFINITY;
  #answered = false;
  #isCut = false;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  pullAfter(statements: number, answered: boolean): void {
    this.#left = statements;
    this.#answered = answered;
  }

  close(): void {
    if (!this.#isCut) this.#database.close();
  }

  prepare(sql: string): SqliteStatement {
    if (this.#isCut) throw new Error('plug pulled');
    const statement = this.#database.prepare(sql);
    return {
      reader: statement.reader,
      all: (parameters) => this.#count(() => statement.all(parameters)),
      run: (parameters) => this.#count(() => statement.run(parameters)),
      iterate: (parameters) => statement.iterate(parameters),
    };
  }

  /** The last statement before the cut is either not run at all, or run without its answer being heard. */
  #count<T>(run: () => T): T {
    this.#left -= 1;
    if (this.#left >= 0) return run();
    try {
      if (this.#answered) run();
    } finally {
      this.#isCut = true;
      this.#database.close();
    }
    throw new Error('plug pulled');
  }
}

const openWithPlug: OpenWithPlug = async (options) => {
  const file = openSqlite(options.file);
  // Here no machine loses its power, only processes die; and they wait asynchronously, as all run in this one.
  file.exec('pragma synchronous = off; pragma busy_timeout = 0');
  const plug = new Cuttable(adaptSqlite(file));
  return { store: await openStoreOver(await Database.overSqlite(plug, 'the trial'), options), plug };
};

describeFlowHistories('SQLite, with the plug pulled at any statement', {
  makePlace: (home) => Promise.resolve({ file: join(home, 'slipway.db') }),
  runs: 40,
  openWithPlug,
});
