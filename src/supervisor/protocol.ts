/*
 * A process under the supervisor. Desired state is absolute; what happens is observed.
 *
 *           ensure                 exec                    exit, restart: always
 *  (none) ─────────► starting ───────────► running ─────────────────────► backoff ──► starting …
 *                                             │  exit, restart: never
 *                                             ├──────────────────────────► exited
 *                                             │  remove: SIGTERM to the group, grace, SIGKILL to the group
 *                                             └──► stopping ──► (none)
 */

/** What should run. The same id with the same spec is a no-op; with another spec it is refused. */
export interface ProcessSpec {
  /** Unique: `medianest/production/r7-web-1`. */
  id: string;
  /** Fences are compared within a scope: `medianest/production`. */
  scope: string;
  argv: string[];
  cwd: string;
  /** The whole environment; nothing is inherited. */
  env: Record<string, string>;
  /** Both streams are appended here; never a pipe, so that no death of ours stops the process. */
  logFile: string;
  restart: 'always' | 'never';
  /** The supervisor picks a free port, keeps it, and sets PORT. */
  needsPort: boolean;
  /** From SIGTERM to SIGKILL. */
  stopGraceMs: number;
}

export type ProcessPhase = 'starting' | 'running' | 'backoff' | 'exited' | 'stopping';

/** What is. */
export interface ProcessStatus {
  id: string;
  scope: string;
  phase: ProcessPhase;
  pid: number | null;
  port: number | null;
  /** How often it was started again after it ended by itself. */
  restarts: number;
  /** How long it has been up, by observed time. */
  uptimeMs: number;
  /** Of the last exit; null while there was none, or when it was not our child (adopted) and left no record. */
  exitCode: number | null;
  exitSignal: string | null;
  logFile: string;
}

/** The supervisor as its clients see it. Every method may be repeated. */
export interface Supervisor {
  ensure(spec: ProcessSpec, fence: number): Promise<void>;
  /** Asks for its end; done when `list` no longer shows it. */
  remove(id: string, scope: string, fence: number): Promise<void>;
  list(scope?: string): Promise<ProcessStatus[]>;
}
