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
  /** Why it could not be started, or why its exit is unknown, in words for the user; null when there is nothing to say. */
  problem: string | null;
  logFile: string;
}

/** The supervisor as its clients see it. Every method may be repeated. */
export interface Supervisor {
  ensure(spec: ProcessSpec, fence: number): Promise<void>;
  /** Asks for its end; done when `list` no longer shows it. */
  remove(id: string, scope: string, fence: number): Promise<void>;
  list(scope?: string): Promise<ProcessStatus[]>;
}

/** Who answers on the socket, and what it has to say about itself. */
export interface SupervisorHealth {
  pid: number;
  /** Version of the package that it runs. */
  version: string;
  home: string;
  processes: number;
  /** Damaged state files, processes of unknown origin: for people. */
  warnings: string[];
}

/** What the owner of the machine may ask beyond desired state. */
export interface SupervisorControl extends Supervisor {
  /** Follows another process from now on: a router that has handed its sockets to its successor. Refuses one that is not of its kin. */
  replace(id: string, pid: number): Promise<void>;
  health(): Promise<SupervisorHealth>;
  /** Ends the supervisor. Processes stay as they are, or with `stopAll` are removed first; returns when that is done. */
  shutdown(options: { stopAll: boolean }): Promise<void>;
}
