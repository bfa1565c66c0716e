import { realpathSync } from 'node:fs';
import { CodedError } from '../diagnostics/index.ts';
import { findMarked, specHash, type MarkedProcess } from './family.ts';
import { ManagedProcess, type Household } from './managed-process.ts';
import { clearOneShot } from './one-shot.ts';
import { shortHash, type SupervisorPaths } from './paths.ts';
import { readBootId } from './proc.ts';
import type { ProcessSpec, ProcessStatus, SupervisorControl, SupervisorHealth } from './protocol.ts';
import { loadState, saveState, type ProcessRecord } from './state-file.ts';

interface KeeperOptions {
  paths: SupervisorPaths;
  version: string;
  say(message: string): void;
  /** Everything asked for has been done; the process may end. */
  onShutdown(): void;
}

const lookEveryMs = 20;

/** All processes of one home: desired state, fences, and the hand-over from a predecessor. */
export class Keeper implements SupervisorControl {
  readonly #options: KeeperOptions;
  readonly #house: Household;
  readonly #processes = new Map<string, ManagedProcess>();
  readonly #fences = new Map<string, number>();
  /** Run with a mark of this home, but no record knows them: the record was lost. */
  readonly #strays = new Map<string, MarkedProcess[]>();
  readonly #warnings: string[] = [];
  #closing = false;
  /** What stands in the file: a call that changes nothing costs no write. */
  #saved = '';

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#house = {
      homeHash: shortHash(realpathSync(options.paths.home)),
      bootId: readBootId(),
      exitsFolder: options.paths.exits,
      remember: () => this.#remember(),
      isPortPromised: (port, exceptId) => this.#isPortPromised(port, exceptId),
      gone: (id) => this.#forget(id),
      say: (message) => options.say(message),
    };
  }

  /** Takes over what a predecessor left: running processes are adopted, others started. */
  begin(): void {
    const { state, warnings } = loadState(this.#options.paths.state);
    for (const [scope, fence] of Object.entries(state.fences)) this.#fences.set(scope, fence);
    const marked = Map.groupBy(findMarked(this.#house.homeHash), (entry) => entry.id);
    for (const record of state.processes) {
      this.#processes.set(record.spec.id, new ManagedProcess(record, this.#house));
    }
    for (const [id, entries] of marked) {
      if (this.#processes.has(id)) continue;
      this.#strays.set(id, entries);
      warnings.push(
        `${id} runs (process ${entries[0]?.pid}) but no record knows it; it is left alone until asked for`,
      );
    }
    for (const managed of this.#processes.values()) managed.begin(marked.get(managed.record.spec.id) ?? []);
    this.#warnings.push(...warnings);
    for (const warning of warnings) this.#options.say(warning);
  }

  /** @see Supervisor */
  async ensure(spec: ProcessSpec, fence: number): Promise<void> {
    this.#admit(spec.scope, fence);
    const existing = this.#processes.get(spec.id)?.record;
    if (existing) {
      this.#refuseConflict(existing, spec);
      this.#save();
      return;
    }
    const strays = this.#strays.get(spec.id) ?? [];
    const record = newRecord(spec);
    const managed = new ManagedProcess(record, this.#house);
    const kept = strays.filter((stray) => stray.specHash === specHash(spec));
    if (kept.length === 0) clearOneShot(this.#options.paths.exits, spec.id);
    this.#processes.set(spec.id, managed);
    try {
      this.#save();
    } catch (error) {
      this.#processes.delete(spec.id);
      throw error;
    }
    this.#strays.delete(spec.id);
    managed.begin(kept);
  }

  /** @see Supervisor */
  async remove(id: string, scope: string, fence: number): Promise<void> {
    this.#admit(scope, fence);
    const managed = this.#processes.get(id) ?? this.#takeStray(id, scope);
    if (managed && managed.record.spec.scope !== scope) {
      throw new CodedError('supervisor/spec-conflict', `${id} does not belong to ${scope}`, {
        notes: [`it belongs to ${managed.record.spec.scope}`],
        help: `name its own scope, and a fence of that scope`,
      });
    }
    managed?.remove();
    this.#save();
  }

  /** @see Supervisor */
  async list(scope?: string): Promise<ProcessStatus[]> {
    const all = [...this.#processes.values()];
    return all
      .filter((managed) => scope === undefined || managed.record.spec.scope === scope)
      .map((managed) => managed.status());
  }

  /** @see SupervisorControl */
  async replace(id: string, pid: number): Promise<void> {
    const managed = this.#processes.get(id);
    const problem = managed === undefined ? `${id} is not known` : managed.replace(pid);
    if (problem === null) return;
    throw new CodedError(
      'supervisor/cannot-replace',
      `${id} cannot be followed as process ${pid}: ${problem}`,
      {
        help: 'start the successor from the process it replaces, with its environment, and name its pid while it runs',
      },
    );
  }

  /** @see SupervisorControl */
  async health(): Promise<SupervisorHealth> {
    const { version, paths } = this.#options;
    const processes = this.#processes.size;
    return { pid: process.pid, version, home: paths.home, processes, warnings: this.#warnings };
  }

  /** @see SupervisorControl */
  async shutdown({ stopAll }: { stopAll: boolean }): Promise<void> {
    this.#closing = true;
    if (stopAll) {
      for (const id of this.#strays.keys()) this.#takeStray(id, 'unknown');
      for (const managed of this.#processes.values()) managed.remove();
      this.#remember();
      while (this.#processes.size > 0) await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
    this.#options.onShutdown();
  }

  /** Refuses what comes late; a higher fence is remembered by the save that follows. */
  #admit(scope: string, fence: number): void {
    if (this.#closing) {
      throw new CodedError(
        'supervisor/shutting-down',
        'the supervisor is shutting down and takes nothing new',
        {
          help: 'wait until it is gone, then start it again with: slipway up',
        },
      );
    }
    const highest = this.#fences.get(scope) ?? 0;
    if (fence < highest) {
      throw new CodedError('supervisor/stale-fence', `fence ${fence} of ${scope} is older than ${highest}`, {
        notes: ['another server has taken this over since'],
        help: 'nothing to do: the newer owner goes on',
      });
    }
    this.#fences.set(scope, fence);
  }

  #refuseConflict(existing: ProcessRecord, spec: ProcessSpec): void {
    const { id } = spec;
    if (existing.removing) {
      throw new CodedError('supervisor/still-stopping', `${id} is being stopped`, {
        help: 'ask again when the list no longer shows it',
      });
    }
    if (specHash(existing.spec) === specHash(spec)) return;
    const given = spec as unknown as Record<string, unknown>;
    const differing = Object.entries(existing.spec)
      .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(given[name]))
      .map(([name]) => name);
    throw new CodedError('supervisor/spec-conflict', `${id} exists already with another spec`, {
      // Names only: values may be secret.
      notes: [`differing: ${differing.join(', ')}`],
      help: 'use a new id, or remove this one first',
    });
  }

  /** Makes a process without a record into one that can be ended. */
  #takeStray(id: string, scope: string): ManagedProcess | undefined {
    const strays = this.#strays.get(id);
    if (!strays) return undefined;
    const record = { ...newRecord(straySpec(id, scope)), removing: true };
    const managed = new ManagedProcess(record, this.#house);
    this.#strays.delete(id);
    this.#processes.set(id, managed);
    managed.begin(strays);
    return managed;
  }

  #isPortPromised(port: number, exceptId: string): boolean {
    return [...this.#processes.values()].some(
      ({ record }) => record.port === port && record.spec.id !== exceptId,
    );
  }

  #forget(id: string): void {
    this.#processes.delete(id);
    clearOneShot(this.#options.paths.exits, id);
    this.#remember();
  }

  #remember(): void {
    try {
      this.#save();
    } catch (error) {
      // The marks on the children stand in for what could not be written.
      this.#options.say(error instanceof Error ? error.message : String(error));
    }
  }

  #save(): void {
    const { paths } = this.#options;
    const processes = [...this.#processes.values()].map((managed) => managed.record);
    const state = { fences: Object.fromEntries(this.#fences), processes };
    const text = JSON.stringify(state);
    if (text === this.#saved) return;
    try {
      saveState(paths.state, state);
      this.#saved = text;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CodedError(
        'supervisor/state-not-written',
        `the supervisor cannot write its state: ${reason}`,
        {
          help: `make room or mend the permissions of ${paths.home}; nothing that runs is affected`,
          cause,
        },
      );
    }
  }
}

function newRecord(spec: ProcessSpec): ProcessRecord {
  return { spec, port: null, removing: false, identity: null, restarts: 0, ended: null };
}

function straySpec(id: string, scope: string): ProcessSpec {
  const nothing = { argv: ['/bin/false'], cwd: '/', env: {}, logFile: '/dev/null', needsPort: false };
  return { id, scope, ...nothing, restart: 'never', stopGraceMs: 10_000 };
}
