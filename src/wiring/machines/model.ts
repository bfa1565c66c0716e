import type { Readable } from 'node:stream';
import type { RequestCheck, SmokeRequest } from '../../app/index.ts';
import type { Router, RouterAbilities } from '../../delivery/index.ts';
import type { EngineInfo } from '../../docker/index.ts';
import type { Collected, DockerTarget, Keep, PreparationSpec } from '../../targets/index.ts';
import type { HostClaim } from '../host-claims.ts';
import type { LogLine } from '../views.ts';
import type { Stranger } from './strangers.ts';

/**
 * A machine that runs copies: this one, or one elsewhere, whose own Slipway server does there what is asked. Scopes and
 * ids of copies are the machine's own: nothing below knows that there are others.
 */
export interface Machine {
  /** As slipway.yml names it: `here`, `deploy@10.0.0.6`. */
  name: string;
  router: Router;
  containers: Containers;
  /** Asks a copy of this machine its smoke requests; null when all were answered as they should be. */
  smoke(asked: SmokeQuestion): Promise<string | null>;
  /** Asks what a check asks, once; null when the answer is as it should be. */
  check(asked: CheckQuestion): Promise<CheckFailure | null>;
  /** What copies use now; one that does not run is left out. */
  use(scope: string, copies: readonly string[]): Promise<CopyUse[]>;
  /** How many lines copies have said since that match; one that is not there is left out. */
  countLines(scope: string, asked: LineQuestion): Promise<LineCount[]>;
  facts(): Promise<MachineFacts>;
  /**
   * Containers that this server has not made and that write to places of this machine.
   *
   * @param guest - Home of the server elsewhere for which this is asked; null for this server itself.
   */
  strangers(places: string[], guest: string | null): Promise<Stranger[]>;
  /** What copies and tasks of a scope have said, as `environmentLogs` tells it. */
  logs(scope: string, query: MachineLogQuery): AsyncIterable<LogLine>;
}

/** What a revision needs on a machine, with where to take it from. */
export interface RevisionNeeds extends PreparationSpec {
  /** Digest of the release. */
  release: string;
  /** The release's files on this machine, when a container mounts some of them; else null. */
  files: string | null;
}

/** The Docker target of one machine. */
export interface Containers extends Omit<DockerTarget, 'prepare' | 'observePrepared' | 'collect'> {
  prepare(needs: RevisionNeeds, fence: number): Promise<void>;
  observePrepared(needs: RevisionNeeds): ReturnType<DockerTarget['observePrepared']>;
  collect(keep: MachineKeep, fence: number): Promise<Collected>;
}

/** What a collection leaves alone on one machine. */
export interface MachineKeep extends Keep {
  /** Digests of releases whose files may be mounted. */
  releases: string[];
}

/** Which copy is asked which requests. */
export interface SmokeQuestion {
  host: string;
  port: number;
  requests: readonly SmokeRequest[];
  timeoutMs: number;
}

/** What one copy uses. */
export interface CopyUse {
  id: string;
  /** Names one start of it. */
  start: string;
  /** Processor time since that start. */
  cpuMs: number;
  /** Null where that is not counted. */
  memoryBytes: number | null;
}

/** Which lines are counted. */
export interface LineQuestion {
  /** A regular expression. */
  pattern: string;
  /** After which place in its log, as it was told before; null: only the place of its end is asked. */
  copies: readonly { id: string; after: string | null }[];
}

/** Lines of one copy. */
export interface LineCount {
  id: string;
  matches: number;
  /** Where the counting has ended. */
  upTo: string;
}

/** What is asked: one copy, or the address where the machine's router takes users, past the lot by the check header. */
export interface CheckQuestion {
  at: { host: string; port: number } | { hosts: string[]; pin: string };
  check: RequestCheck;
  timeoutMs: number;
}

/** What was wrong with an answer, and the beginning of it. */
export interface CheckFailure {
  why: string;
  logTail: string[];
}

/** What a machine says of itself before something is planned on it. */
export interface MachineFacts {
  /** Of its Slipway. */
  version: string;
  /** Id of its home: two names of one machine have the same. */
  home: string;
  abilities: RouterAbilities;
  engine: EngineInfo;
  /** Memory and disk of the engine's machine that nobody uses now; null where that cannot be seen. */
  free: { memoryBytes: number | null; diskBytes: number | null };
  /** Host names that environments of its own answer, or are about to. */
  claims: HostClaim[];
}

/** Which lines. */
export interface MachineLogQuery {
  /** Type of process, or one copy; null for all. */
  process: string | null;
  lines: number | null;
  follow: boolean;
  signal: AbortSignal;
}

/** HTTP to the server of another machine. Every method fails with `server/unreachable` when nobody answers. */
export interface MachineConnection {
  /** Sends JSON, gives the parsed answer. */
  post(path: string, body: unknown, signal: AbortSignal): Promise<unknown>;
  /** Sends bytes until they end. */
  put(path: string, bytes: Readable, signal: AbortSignal): Promise<unknown>;
  /** Lines of an answer that goes on. */
  lines(path: string, signal: AbortSignal): AsyncIterable<string>;
  close(): void;
}

/** Opens nothing until it is used. @param destination - As ssh takes it. */
export type Connect = (destination: string) => MachineConnection;
