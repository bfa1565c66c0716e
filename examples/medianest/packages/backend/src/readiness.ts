import type { Database } from './database.ts';
import { log } from './log.ts';
import { schemaVersion } from './migrations.ts';

/**
 * Whether this process can serve users: the database answers, and its schema is at least the one
 * this code needs. A newer one is fine, because migrations only expand.
 */
export class Readiness {
  readonly #database: Database;
  readonly #neededVersion: number;
  #stopping = false;
  #lastReason: string | null | undefined;

  constructor(database: Database, neededVersion: number) {
    this.#database = database;
    this.#neededVersion = neededVersion;
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
    try {
      const version = await schemaVersion(this.#database);
      if (version >= this.#neededVersion) return null;
      return `schema is at version ${version}, needed is ${this.#neededVersion}: run the migrations`;
    } catch (error) {
      return `database: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}
