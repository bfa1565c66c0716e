import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { glob, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { endTracked, type Progress } from '../runner/index.ts';
import type { RunState } from '../runs/index.ts';
import { currentOwner, isAlive, type Owner } from './owner.ts';

/** What stays of the last run of a repository, so that parts of it can be run again. Holds no secret. */
export interface KeptRun {
  /** Name of its folder. */
  id: string;
  /** Runs of this repository so far. */
  number: number;
  runs: RunState[];
  /** Digest of each workflow file, by path. */
  files: Record<string, string>;
}

/** What a job had come to just before one of its steps. */
export interface Checkpoint {
  progress: Progress;
  /** How much its steps had written to the job's summary. */
  summaryBytes: number;
}

/**
 * Where the last run of one repository is kept: `<home>/local/<name>-<hash>/<run>/`, and `last.json` that names it. Several
 * runs may go on at once; `<run>.owner` tells which process each belongs to, and what no process owns is removed.
 */
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

  /** Makes a run this process's own, before anything of it is written. */
  claim(id: string): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    writeFileSync(this.#ownerFile(id), JSON.stringify(currentOwner()), { mode: 0o600 });
  }

  /** Whether a run goes on, here or in another process. */
  isUnderWay(id: string): boolean {
    try {
      return isAlive(JSON.parse(readFileSync(this.#ownerFile(id), 'utf8')) as Owner);
    } catch {
      return false;
    }
  }

  /** Removes every run but one that nobody is at work on, with what its steps have left running if it was killed. */
  async removeOthers(id: string): Promise<void> {
    const ids = readdirSync(this.#folder).flatMap(
      (name) => /^([0-9a-f]+)(\.owner|\.new)?$/.exec(name)?.[1] ?? [],
    );
    const doomed = [...new Set(ids)].filter((other) => other !== id && !this.isUnderWay(other));
    await Promise.all(doomed.map((other) => this.#remove(other).catch(() => {})));
  }

  async #remove(id: string): Promise<void> {
    for (const trackingId of await trackingIds(this.path(id))) await endTracked(trackingId);
    await rm(this.path(id), { recursive: true, force: true, maxRetries: 3 });
    rmSync(join(this.#folder, `${id}.new`), { force: true });
    rmSync(this.#ownerFile(id), { force: true });
  }

  #ownerFile(id: string): string {
    return join(this.#folder, `${id}.owner`);
  }
}

/** Of jobs that have begun. */
async function trackingIds(folder: string): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const file of glob('*/*/steps/*.json', { cwd: folder })) {
    const { progress } = JSON.parse(await readFile(join(folder, file), 'utf8')) as Checkpoint;
    ids.add(progress.report.trackingId);
  }
  return ids;
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
