import type { FailedRequest } from '../../delivery/index.ts';

/** Requests kept of each revision. */
const mostKept = 20;
/** A path may hold as much as its writer likes. */
const longestPath = 200;

/** The newest requests of a revision that failed, oldest first. Costs nothing while all goes well. */
export class FailedRequests {
  #kept: FailedRequest[] = [];

  /** @param request.path - As it was asked for, query and all. */
  note(request: FailedRequest): void {
    this.add([{ ...request, path: plainPath(request.path) }]);
  }

  /** Takes over what another process kept. */
  add(others: readonly FailedRequest[]): void {
    this.#kept = [...this.#kept, ...others].toSorted((one, other) => one.atMs - other.atMs).slice(-mostKept);
  }

  clear(): void {
    this.#kept = [];
  }

  all(): FailedRequest[] {
    return [...this.#kept];
  }
}

function plainPath(path: string): string {
  const [plain = ''] = path.split('?', 1);
  return plain.length > longestPath ? `${plain.slice(0, longestPath - 1)}…` : plain;
}
