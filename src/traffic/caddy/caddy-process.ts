import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../diagnostics/index.ts';
import { findDaemon, startDaemon, type Daemon } from '../agent/daemon.ts';
import { writeWhole } from '../write-whole.ts';
import { logTail } from '../agent/log-tail.ts';
import { listenAddress, load } from './admin.ts';
import type { ProcessPaths } from './paths.ts';
import { environment, validate } from './program.ts';
import type { Json } from './routes.ts';

const startTimeoutMs = 60_000;
const askEveryMs = 20;
/** Beyond the drain's time, for Caddy to end itself. */
const endingMs = 10_000;

interface CaddyParts {
  program: string;
  paths: ProcessPaths;
  /** What it has for a home. */
  folder: string;
  /** One of its servers, to see which configuration it serves. */
  server: string;
}

/** One Caddy beside the agent, and the configuration it has. */
export class CaddyProcess {
  readonly #parts: CaddyParts;
  #daemon: Daemon | null = null;

  constructor(parts: CaddyParts) {
    this.#parts = parts;
  }

  alive(): boolean {
    return this.#daemon?.alive() ?? false;
  }

  /** Takes up the one that an earlier agent started. @returns Whether there is one. */
  async join(): Promise<boolean> {
    this.#daemon = await findDaemon(this.#parts.paths.identity);
    return this.#daemon !== null;
  }

  /** Whether there is a configuration from an earlier start. */
  hasConfiguration(): boolean {
    return existsSync(this.#parts.paths.config);
  }

  /**
   * Starts it and returns when it serves.
   *
   * @param configuration - Null starts it with the last one it had.
   * @param sockets - Handed over as descriptors from 3 on.
   */
  async start(configuration: Json | null, sockets: readonly number[] = []): Promise<void> {
    const { program, paths, folder } = this.#parts;
    if (configuration) await this.#keep(configuration);
    this.#daemon = await startDaemon({
      argv: [program, 'run', '--config', paths.config],
      logFile: paths.log,
      identityFile: paths.identity,
      sockets,
      environment: environment(folder),
    });
    for (const deadline = performance.now() + startTimeoutMs; ; await sleep(askEveryMs)) {
      if (await this.listening().catch(() => null)) return;
      if (!this.alive() || performance.now() > deadline)
        throw new CodedError('traffic/program-failed', 'Caddy did not start to serve', {
          notes: logTail(paths.log),
          help: `read its log: ${paths.log}`,
        });
    }
  }

  /** Where its server listens now. @throws CodedError `traffic/program-silent` */
  listening(): Promise<string> {
    return listenAddress(this.#parts.paths.admin, this.#parts.server);
  }

  /** Whether a configuration is what it has. */
  async has(configuration: Json): Promise<boolean> {
    return (
      JSON.stringify(configuration) === (await readFile(this.#parts.paths.config, 'utf8').catch(() => ''))
    );
  }

  /** @throws CodedError `traffic/configuration-refused` with Caddy's words. */
  async check(configuration: Json): Promise<void> {
    const { program, paths, folder } = this.#parts;
    await writeWhole(paths.draft, JSON.stringify(configuration));
    try {
      await validate(program, paths.draft, folder);
    } finally {
      await rm(paths.draft, { force: true });
    }
  }

  /** Serves a configuration. On disk is the same before the return. */
  async load(configuration: Json): Promise<void> {
    await load(this.#parts.paths.admin, configuration);
    await this.#keep(configuration);
  }

  /** Ends it: no new connections, open requests may finish within the drain's time. */
  async stop(drainTimeoutMs: number): Promise<void> {
    this.#daemon?.signal('SIGTERM');
    if (!((await this.#daemon?.ended(drainTimeoutMs + endingMs)) ?? true)) this.#daemon?.signal('SIGKILL');
    await rm(this.#parts.paths.identity, { force: true });
  }

  /** What it said last. */
  lastWords(): string {
    return logTail(this.#parts.paths.log).at(-1) ?? 'it says nothing';
  }

  #keep(configuration: Json): Promise<void> {
    return writeWhole(this.#parts.paths.config, JSON.stringify(configuration));
  }
}
