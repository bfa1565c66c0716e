import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fromJson, ObjectValue, type Scope, type Value } from '../expressions/index.ts';
import type { Json } from '../workflow/index.ts';
import { writeAtomically } from './files.ts';
import { forkFrame, jobFrame, type Standpoint } from './frame.ts';
import { hashFiles } from './hash-files.ts';
import { jobFiles } from './job-directory.ts';
import {
  addedPaths,
  baseEnvironment,
  eventFile,
  githubOfJob,
  githubVariables,
  isDebugged,
  jobContext,
  noGithub,
  prependPath,
  runnerContext,
  runnerVariables,
} from './job-environment.ts';
import type { JobHooks } from './job-hooks.ts';
import { LogWriter } from './log-writer.ts';
import { Masks } from './masks.ts';
import { ProblemMatchers } from './problem-matchers.ts';
import type { Progress } from './progress.ts';
import type { JobSpec } from './spec.ts';

/**
 * Replacing a file costs a file system milliseconds, which many short steps would feel: between two writes of the report
 * lies at least this time, and so much that they take no more than a fiftieth of all.
 */
const reportPauseMs = 40;
const reportShare = 50;
const longestReportPauseMs = 500;

/** Kept on the disk, so that a job which fills it can still tell how it ended. */
const reserveBytes = 256 * 1024;

/** What hands out the ACTIONS_* variables, by which processes reach artifacts, caches and tokens. */
export interface ServiceVariables {
  /** Run steps get fewer of them, as on GitHub. */
  variables(user: 'javascript' | 'script'): Promise<Record<string, string>>;
}

/** One job in one worker: what its steps share. */
export class Session {
  readonly spec: JobSpec;
  readonly jobDirectory: string;
  readonly progress: Progress;
  readonly log: LogWriter;
  readonly masks: Masks;
  /** Added by steps; they look at the lines of all later ones. */
  readonly matchers: ProblemMatchers;
  /** Whether `::debug::` lines are shown. */
  readonly debug: boolean;
  /** Variables of the workflow and the job. */
  jobEnv: Record<string, string> = {};
  /** Where the job's own expressions look from. */
  readonly job: Standpoint;
  /** Null where no service runs. */
  services: ServiceVariables | null = null;
  readonly #github: Record<string, Json>;
  /** The same as values; converted once, since an event can be large. */
  readonly #githubValues: [string, Value][];
  readonly #base: Record<string, string>;
  /** GITHUB_* and RUNNER_* as far as they are the same for all steps; nothing that a workflow sets overrules them. */
  readonly #variables: Record<string, string>;
  #reportTimer: NodeJS.Timeout | null = null;
  /** The report is not written again before this time. */
  #reportDueMs = Number.NEGATIVE_INFINITY;

  /** Why the job can go on no longer; it is cancelled then. */
  broken: string | null = null;
  /** Called once. */
  onBroken: () => void = () => {};
  readonly hooks: JobHooks;
  /** Outlives a power cut; a job within another process ends with that process anyway. */
  readonly #durable: boolean;
  /** What a step in the background was forked from, and what stood there then. */
  readonly #origin: { session: Session; env: Record<string, string>; paths: string[] } | null = null;

  /** @param forkedFrom - Shares all but the progress with it. */
  constructor(
    spec: JobSpec,
    jobDirectory: string,
    progress: Progress,
    hooks?: JobHooks,
    forkedFrom?: Session,
  ) {
    this.hooks = hooks ?? {};
    this.#durable = hooks === undefined;
    this.spec = spec;
    this.jobDirectory = jobDirectory;
    this.progress = progress;
    if (forkedFrom) {
      const { env, paths } = forkedFrom.progress;
      this.#origin = { session: forkedFrom, env: { ...env }, paths };
      this.log = forkedFrom.log;
      this.masks = forkedFrom.masks;
      this.matchers = forkedFrom.matchers;
      this.debug = forkedFrom.debug;
      this.jobEnv = forkedFrom.jobEnv;
      this.services = forkedFrom.services;
      this.job = { ...forkedFrom.job, frame: forkFrame(forkedFrom.job.frame, progress) };
      this.#base = forkedFrom.#base;
      this.#variables = forkedFrom.#variables;
      this.#github = forkedFrom.#github;
      this.#githubValues = forkedFrom.#githubValues;
      return;
    }
    this.log = new LogWriter(join(jobDirectory, jobFiles.log), {
      onRecords: hooks?.onRecords,
      onFailure: (error) => this.#break('log', error),
    });
    writeFileSync(join(jobDirectory, jobFiles.reserve), Buffer.alloc(reserveBytes), { mode: 0o600 });
    this.masks = new Masks();
    this.matchers = new ProblemMatchers();
    for (const value of [...Object.values(spec.contexts.secrets), ...progress.masks]) this.masks.add(value);
    this.debug = isDebugged(spec);
    this.#base = baseEnvironment(spec);
    this.#variables = {
      ...runnerVariables(spec, progress.report.trackingId),
      ...githubVariables({ ...noGithub, ...githubOfJob(spec) }),
    };
    this.#github = githubOfJob(spec);
    this.#githubValues = Object.entries(this.#github).map(([name, value]) => [name, fromJson(value)]);
    this.job = { frame: jobFrame(spec, progress, runnerContext(spec)), github: {} };
    mkdirSync(dirname(eventFile(spec)), { recursive: true });
    writeFileSync(eventFile(spec), JSON.stringify(spec.contexts.github['event'] ?? {}));
  }

  /** The same job as a step in the background sees it: what that step sets counts in it alone. */
  fork(): Session {
    const { env, paths, steps } = this.progress;
    const own = { ...this.progress, env: { ...env }, paths: [...paths], steps: { ...steps } };
    return new Session(this.spec, this.jobDirectory, own, this.hooks, this);
  }

  /** Takes over what a fork of this has set since it was made. */
  join(fork: Session): void {
    const origin = fork.#origin;
    if (!origin) return;
    const { env, paths, steps } = fork.progress;
    for (const [name, value] of Object.entries(env)) {
      if (origin.env[name] !== value) this.progress.env[name] = value;
    }
    for (const path of addedPaths(origin.paths, paths).reverse()) this.addPath(path);
    for (const [id, ended] of Object.entries(steps)) this.progress.steps[id] ??= ended;
  }

  /** What expressions see. `env` holds a step's own variables, once these are known. */
  scope({ frame, github }: Standpoint, stepEnv: Record<string, string> = {}): Scope {
    const { status, env } = this.progress;
    const { workspace, home } = this.spec.directories;
    const variables = { ...this.jobEnv, ...env, ...frame.env, ...stepEnv };
    const here = Object.entries(frame.depth === 0 ? github : { ...github, action_status: frame.status() });
    return {
      contexts: withLazy(frame.contexts, {
        github: () => new ObjectValue([...this.#githubValues, ...here]),
        env: () => new ObjectValue(Object.entries(variables), { caseSensitive: true }),
        steps: () => fromJson(frame.steps),
        job: () => fromJson(jobContext(this.spec, status)),
      }),
      status: {
        success: () => frame.status() === 'success',
        failure: () => frame.status() === 'failure',
        always: () => true,
        cancelled: () => this.progress.status === 'cancelled',
      },
      hashFiles: (patterns) => hashFiles(patterns, workspace, home),
    };
  }

  /** The whole environment of a step's process. */
  environment({ frame, github }: Standpoint, stepEnv: Record<string, string>): Record<string, string> {
    const env = { ...this.#base, ...this.jobEnv, ...this.progress.env, ...frame.env, ...stepEnv };
    return {
      ...env,
      PATH: prependPath(this.progress.paths, env['PATH']),
      ...this.#variables,
      ...githubVariables(github),
    };
  }

  addMask(value: string): void {
    this.masks.add(value);
  }

  addPath(path: string): void {
    this.progress.paths = [...new Set([path, ...this.progress.paths])];
  }

  /** Writes a line in Slipway's own words. */
  say(step: number, text: string): void {
    for (const line of this.masks.apply(text).split('\n')) this.log.write(step, 'system', line);
  }

  /** Tells where the job stands, soon: steps that take no time share one write. */
  saveReport(): void {
    if (this.#origin) return this.#origin.session.saveReport();
    this.#tellReport();
    // Who listens in this process needs no file before the end.
    if (this.hooks.onReport) return;
    const waitMs = this.#reportDueMs - performance.now();
    if (waitMs <= 0) this.#tryReport();
    else this.#reportTimer ??= setTimeout(() => this.#tryReport(), waitMs);
  }

  #tryReport(): void {
    try {
      this.#writeReport({ durable: false });
    } catch (error) {
      this.#break('report', error);
    }
  }

  /** Tells where the job stands, now and for good. */
  settleReport(): void {
    this.#writeReport({ durable: this.#durable });
    this.#tellReport();
  }

  /** Lines first: who listens hears of a step's end after its last line. */
  #tellReport(): void {
    if (!this.hooks.onReport) return;
    this.log.tell();
    this.hooks.onReport(this.progress.report);
  }

  /** Tells how the job ended, and closes its log; a disk that is full has a reserve for that. */
  finish(): void {
    rmSync(join(this.jobDirectory, jobFiles.reserve), { force: true });
    this.settleReport();
    this.log.close();
  }

  #break(what: string, error: unknown): void {
    if (this.broken !== null) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.broken = `The job's ${what} cannot be written: ${reason}`;
    this.onBroken();
  }

  #writeReport(options: { durable: boolean }): void {
    if (this.#reportTimer) clearTimeout(this.#reportTimer);
    this.#reportTimer = null;
    const startedMs = performance.now();
    this.log.flush();
    const path = join(this.jobDirectory, jobFiles.report);
    writeAtomically(path, JSON.stringify(this.progress.report), { mode: 0o600, ...options });
    const endedMs = performance.now();
    const pauseMs = Math.max(reportPauseMs, (endedMs - startedMs) * reportShare);
    this.#reportDueMs = endedMs + Math.min(pauseMs, longestReportPauseMs);
  }

  /** Keeps everything that a later worker needs to go on. */
  park(): void {
    this.progress.masks = this.masks.values();
    const path = join(this.jobDirectory, jobFiles.parked);
    writeAtomically(path, JSON.stringify(this.progress), { mode: 0o600, durable: true });
  }
}

/** Adds what is made only when an expression asks for it, which most do not. */
function withLazy(contexts: Record<string, Value>, lazy: Record<string, () => Value>): Record<string, Value> {
  const all = { ...contexts };
  for (const [name, make] of Object.entries(lazy)) {
    let made: Value | undefined;
    Object.defineProperty(all, name, { enumerable: true, get: () => (made ??= make()) });
  }
  return all;
}
