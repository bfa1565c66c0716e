import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdir } from 'node:fs/promises';
import {
  Control,
  endTracked,
  observedReport,
  runJob,
  type JobHooks,
  type JobReport,
  type JobSpec,
} from '../runner/index.ts';
import type { ObservedJob } from '../runs/index.ts';

/** Says which job some code works for, wherever it was started. */
const working = new AsyncLocalStorage<LocalJob>();

/** One job that runs in this process. */
export class LocalJob {
  readonly control = new Control();
  /** What it last told; null until its first word. */
  report: JobReport | null = null;
  /** Settles when nothing of the job runs any more; never fails. */
  readonly ended: Promise<void>;
  #over = false;
  #crash: (reason: string) => void = () => {};

  constructor(spec: JobSpec, directory: string, hooks: JobHooks) {
    const crashed = new Promise<string>((resolve) => {
      this.#crash = resolve;
    });
    const told: JobHooks = {
      ...hooks,
      onReport: (report) => {
        this.report = report;
        hooks.onReport?.(report);
      },
    };
    this.ended = working
      .run(this, () => Promise.race([work(spec, directory, { control: this.control, hooks: told }), crashed]))
      .then((reason) => this.#end(reason));
  }

  /** What the engine is told of it. */
  observed(): ObservedJob {
    return { worker: this.#over ? 'gone' : 'alive', report: observedReport(this.report) };
  }

  /** Ends the job over a mistake in Slipway itself, which no other job should feel. */
  crash(reason: string): void {
    this.#crash(reason);
  }

  async #end(reason: string | null): Promise<void> {
    if (reason !== null && this.report?.phase !== 'finished') {
      if (this.report) await endTracked(this.report.trackingId);
      if (this.report) this.report = { ...this.report, phase: 'finished', result: 'failure', reason };
    }
    this.#over = true;
  }
}

/** Why the job crashed, or null when it came to its own end. */
async function work(
  spec: JobSpec,
  directory: string,
  { control, hooks }: { control: Control; hooks: JobHooks },
): Promise<string | null> {
  try {
    const folders = Object.values(spec.directories).map((folder) => mkdir(folder, { recursive: true }));
    await Promise.all([mkdir(directory, { recursive: true, mode: 0o700 }), ...folders]);
    await runJob(spec, directory, control, hooks);
    return null;
  } catch (error) {
    return crashText(error);
  }
}

function crashText(error: unknown): string {
  return `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/**
 * Keeps an error that nobody caught from ending the process: the job that it belongs to fails with it.
 *
 * @param other - Takes errors that belong to no job.
 * @returns How to stop.
 */
export function catchCrashes(other: (error: unknown) => void): () => void {
  const onError = (error: unknown) => {
    const job = working.getStore();
    if (job) job.crash(crashText(error));
    else other(error);
  };
  process.on('uncaughtException', onError);
  process.on('unhandledRejection', onError);
  return () => {
    process.off('uncaughtException', onError);
    process.off('unhandledRejection', onError);
  };
}
