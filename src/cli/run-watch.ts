import { statSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { LocalRequest } from '../local/index.ts';
import { outLook, type CliContext } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { troubleOf, troubleText } from './mistake.ts';
import { harmless, paint } from './render/text.ts';
import type { RunFlags } from './run-options.ts';
import { runPlan } from './run-plan.ts';
import { print } from './terminal.ts';

/** Editors write a file in several strokes. */
const settleMs = 150;

/** Runs once, and then whatever a saved file affects, until Ctrl-C. A new save ends what still runs. */
export async function watchAndRun(
  context: CliContext,
  flags: RunFlags,
  request: LocalRequest,
): Promise<number> {
  const { root } = await context.readWorkTree();
  const saves = new Saves(root);
  const stopListening = context.onInterrupt(() => saves.close());
  try {
    for (let only: string[] | null = null; !saves.isClosed;) {
      if (only === null || only.length > 0) {
        await runOnce(context, flags, { ...request, only }, saves);
        if (!saves.isClosed && !flags.json) print(context.out, ['', 'waits for a saved file; Ctrl-C ends']);
      }
      const paths = await saves.next();
      if (paths.length === 0) continue;
      only = await context.affectedBy(request, paths).catch(() => null);
      if (!flags.json && only?.length !== 0) print(context.out, ['', savedText(paths, context)]);
    }
    return exitCodes.interrupted;
  } finally {
    stopListening();
    saves.close();
  }
}

function savedText(paths: readonly string[], context: CliContext): string {
  const [first = '', ...others] = paths.toSorted();
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return paint(outLook(context), 'bold', `saved: ${harmless(first)}${more}`);
}

/** Mistakes in files are said and waited out. */
async function runOnce(
  context: CliContext,
  flags: RunFlags,
  request: LocalRequest,
  saves: Saves,
): Promise<void> {
  try {
    const plan = await context.planLocally(request);
    await runPlan(context, flags, { plan, request, cancel: saves.nextSave() });
  } catch (error) {
    context.err.write(troubleText(troubleOf(error), context.err.color));
  }
}

/** Files of a folder as they are saved, but for those of git itself. */
class Saves {
  isClosed = false;
  readonly #watcher;
  readonly #paths = new Set<string>();
  #wake: () => void = () => {};
  #save = new AbortController();
  #timer: NodeJS.Timeout | null = null;

  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.#watcher = watch(root, { recursive: true }, (_, path) => {
      if (path === null || /(^|\/)\.git(\/|$)/.test(path)) return;
      this.#paths.add(path);
      if (this.#timer) clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#settled(), settleMs);
    });
  }

  /** Fires at the next save. */
  nextSave(): AbortSignal {
    this.#save = new AbortController();
    return this.#save.signal;
  }

  /** What was saved since the last call; waits for something. Empty once closed. */
  async next(): Promise<string[]> {
    while (this.#paths.size === 0 && !this.isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    // A folder is touched whenever a file in it is, and tells nothing beyond that.
    const paths = Array.from(this.#paths).filter((path) => !isFolder(join(this.#root, path)));
    this.#paths.clear();
    return paths;
  }

  close(): void {
    this.isClosed = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#watcher.close();
    this.#wake();
  }

  #settled(): void {
    this.#save.abort();
    this.#wake();
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
