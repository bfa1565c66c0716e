import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Database } from './database.ts';
import { log } from './log.ts';
import { schemaVersion } from './migrations.ts';

/**
 * Whether this process can serve users: the poster store is there, the database answers, and its
 * schema is at least the one this code needs. A newer one is fine, because migrations only expand.
 */
export class Readiness {
  readonly #database: Database;
  readonly #neededVersion: number;
  readonly #posterStore: string | null;
  #stopping = false;
  #lastReason: string | null | undefined;

  constructor(database: Database, neededVersion: number, posterStore: string | null) {
    this.#database = database;
    this.#neededVersion = neededVersion;
    this.#posterStore = posterStore;
  }

  /** From now on not ready: the process is on its way out. */
  stop(): void {
    this.#stopping = true;
  }

  /** Null when ready, else the reason why not; each change of it is logged once. */
  async check(): Promise<string | null> {
    const reason = this.#stopping ? 'stopping' : await this.#missing();
    if (reason !== this.#lastReason) {
      if (reason === null) log('info', 'ready');
      else log('warn', `not ready: ${reason}`);
      this.#lastReason = reason;
    }
    return reason;
  }

  async #missing(): Promise<string | null> {
    if (this.#posterStore === null) return 'POSTER_STORE is not set: there is no place for posters';
    try {
      await access(this.#posterStore, constants.W_OK);
      const version = await schemaVersion(this.#database);
      if (version >= this.#neededVersion) return null;
      return `schema is at version ${version}, needed is ${this.#neededVersion}: run the migrations`;
    } catch (error) {
      return `dependency: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}
