/** Connections that are remembered; of older ones nothing is said. */
const maxConnections = 100_000;

/**
 * Finds lines that are missing from the access log: nginx numbers the requests of each connection.
 * The last lines of a connection cannot be missed this way; a worker that dies with them is told by the error log.
 */
export class RequestSequence {
  readonly #last = new Map<number, number>();
  #forgot: boolean;

  /** @param midway - The log is taken up while connections are open: what they carried before is not known. */
  constructor(midway: boolean) {
    this.#forgot = midway;
  }

  /** @returns How many requests of the connection are missing before this one. */
  follow(connection: number, ordinal: number): number {
    const last = this.#last.get(connection);
    this.#last.delete(connection);
    this.#last.set(connection, ordinal);
    if (this.#last.size > maxConnections) {
      const [oldest] = this.#last.keys();
      if (oldest !== undefined) this.#last.delete(oldest);
      this.#forgot = true;
    }
    if (last === undefined && this.#forgot) return 0;
    return Math.max(0, ordinal - (last ?? 0) - 1);
  }
}
