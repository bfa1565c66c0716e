import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RunState } from '../runs/index.ts';

/** What stays of the last run of a repository, so that parts of it can be run again. Holds no secret. */
export interface KeptRun {
  /** Name of its folder. */
  id: string;
  /** Runs of this repository so far. */
  number: number;
  /** The process that writes it, while it goes on. */
  pid: number | null;
  runs: RunState[];
  /** Digest of each workflow file, by path. */
  files: Record<string, string>;
}

/** Where the last run of one repository is kept: `<home>/local/<name>-<hash>/<run>/`, and `last.json` that names it. */
export class KeptFolder {
  readonly #folder: string;

  constructor(home: string, root: string) {
    const hash = createHash('sha256').update(root).digest('hex').slice(0, 8);
    this.#folder = join(home, 'local', `${basename(root)}-${hash}`);
  }

  /** Everything that one run leaves. */
  path(id: string): string {
    return join(this.#folder, id);
  }

  read(): KeptRun | null {
    const file = join(this.#folder, 'last.json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as KeptRun) : null;
  }

  /** Puts a run in the place of the last one, as a whole. */
  write(kept: KeptRun): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const temporary = join(this.#folder, `${kept.id}.new`);
    writeFileSync(temporary, JSON.stringify(kept), { mode: 0o600 });
    renameSync(temporary, join(this.#folder, 'last.json'));
  }

  /** Removes the run before, unless it still goes on elsewhere. */
  async forget(before: KeptRun | null): Promise<void> {
    if (!before || (before.pid !== null && before.pid !== process.pid && isAlive(before.pid))) return;
    await rm(this.path(before.id), { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Digests of texts, to tell whether a file has changed. */
export function digests(sources: Record<string, string>, paths: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    paths.map((path) => [
      path,
      createHash('sha256')
        .update(sources[path] ?? '')
        .digest('hex'),
    ]),
  );
}
