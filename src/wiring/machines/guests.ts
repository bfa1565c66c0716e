import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { CodedError, unreachable } from '../../diagnostics/index.ts';
import type { Collected, ContainerSpec, CopySpec, TaskSpec } from '../../targets/index.ts';
import type { Docker } from '../docker.ts';
import type { Layout } from '../layout.ts';
import { logFileOf } from '../processes.ts';
import type { LogLine } from '../views.ts';
import { callerShape, requestShape, scopeShape, type Caller, type MachineRequest } from './calls.ts';
import { guestScope } from './guest-scope.ts';
import { otherVersionHelp } from './link.ts';
import type { Machine, MachineKeep, RevisionNeeds } from './model.ts';

/** What a machine serves other servers with. */
export interface GuestParts {
  /** This machine itself. */
  here: Machine;
  layout: Layout;
  docker: Docker;
  version: string;
}

/** Anything that was sent here, as far as it is known. */
type Query = Record<string, string | undefined>;

/**
 * What this machine does for servers elsewhere whose apps have copies here. Each has its own environments, with fences
 * of their own; nothing that is asked here can reach what this server runs for itself.
 */
export class Guests {
  readonly #parts: GuestParts;
  /** By home: its server process, and the latest turn that was heard of it. */
  readonly #turns = new Map<string, { server: string; turn: number }>();

  constructor(parts: GuestParts) {
    this.#parts = parts;
  }

  /** Answers a call. @param body - As it was sent; anything else than a request is refused. */
  async answer(body: unknown): Promise<unknown> {
    this.#admit(callerShape.parse(body).from);
    const request = requestShape.parse(body) as unknown as MachineRequest;
    return this.#carryOut(request);
  }

  /** Loads images into the engine here, and names them as the sender does. */
  async takeImages(query: Query, archive: Readable, signal: AbortSignal): Promise<void> {
    this.#admitQuery(query);
    const { images } = this.#parts.docker.engine;
    const names = imageNames.parse((query['names'] ?? '').split(',').filter((one) => one !== ''));
    await images.load(archive, signal);
    for (const [id = '', name = ''] of names.map((one) => one.split(' '))) await images.tag(id, name);
  }

  /** Keeps the files of a release, for containers that mount some of them. */
  async takeFiles(query: Query, archive: Readable): Promise<void> {
    const { home } = this.#admitQuery(query);
    const scope = guestScope(home, scopeShape.parse(query['scope']));
    const folder = this.#filesOf(scope, digestShape.parse(query['release']));
    if (existsSync(folder)) return void archive.resume();
    await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
    const draft = await mkdtemp(`${folder}.`);
    try {
      await unpack(archive, draft);
      await rename(draft, folder);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  /** What copies of a server's environment have said here. */
  logs(query: Query, signal: AbortSignal): AsyncIterable<LogLine> {
    const { home } = this.#admitQuery(query);
    const scope = guestScope(home, scopeShape.parse(query['scope']));
    const lines = z.coerce.number().int().nonnegative().optional().parse(query['lines']) ?? null;
    const follow = query['follow'] === '1';
    return this.#parts.here.logs(scope, { process: query['process'] ?? null, lines, follow, signal });
  }

  #admitQuery(query: Query): Caller {
    const { from } = callerShape.parse({
      from: { ...query, turn: Number(query['turn']) },
      call: { do: 'stream' },
    });
    this.#admit(from);
    return from;
  }

  /** Refuses another version, and what its sender has given up long ago. */
  #admit({ home, version, server, turn }: Caller): void {
    const own = this.#parts.version;
    if (version !== own) {
      throw new CodedError(
        'wiring/machine-version',
        `its Slipway is ${own}, and the server that asks is ${version}`,
        {
          help: otherVersionHelp(version),
        },
      );
    }
    const known = this.#turns.get(home);
    if (known?.server === server && turn < known.turn) {
      throw new CodedError('wiring/late-call', 'the server that asked this has given up waiting for it', {
        help: 'nothing: what it still wants it asks again',
      });
    }
    this.#turns.set(home, { server, turn });
  }

  async #carryOut({ from, scope: theirs, call }: MachineRequest): Promise<unknown> {
    const { here, docker } = this.#parts;
    const scope = guestScope(from.home, theirs);
    switch (call.do) {
      case 'hello':
        return this.#hello();
      case 'facts':
        return here.facts();
      case 'strangers':
        return here.strangers(call.places, from.home);
      case 'route':
        return here.router.apply({ ...call.routes, scope }, call.fence);
      case 'look-at-routes': {
        const seen = await here.router.observe(scope);
        return { ...seen, routes: seen.routes && { ...seen.routes, scope: theirs } };
      }
      case 'prepare':
        return here.containers.prepare(await this.#needs(scope, call.needs), call.fence);
      case 'look-at-prepared':
        return this.#prepared(await this.#needs(scope, call.needs));
      case 'start':
        return here.containers.start(await this.#copy(scope, call.copy), call.fence);
      case 'repair':
        return here.containers.repair(await this.#copy(scope, call.copy), call.fence);
      case 'stop':
        return here.containers.stop(scope, call.id, call.fence);
      case 'look':
        return here.containers.observe(scope, call.probes);
      case 'run-task':
        return here.containers.runCommand(await this.#task(scope, call.task), call.fence);
      case 'look-at-task':
        return here.containers.observeCommand(scope, call.key);
      case 'forget-task':
        return here.containers.forgetCommand(scope, call.key, call.fence);
      case 'read-log':
        return here.containers.readLog(scope, call.id, call.lines);
      case 'collect':
        return this.#collect({ ...call.keep, scope, imagesOf: from.home }, call.fence);
      case 'smoke':
        return here.smoke(call.asked);
      case 'check':
        return here.check(call.asked);
      case 'use':
        return here.use(scope, call.copies);
      case 'count-lines':
        return here.countLines(scope, call.asked);
      case 'missing-images':
        return docker.missing(call.ids);
      case 'layers-there':
        return docker.engine.images.layersThere(call.images);
      case 'has-files':
        return existsSync(this.#filesOf(scope, call.release));
      default:
        return unreachable(call);
    }
  }

  /** Only what copies need to be looked after is said to be there: an engine and a router that answer. */
  async #hello(): Promise<null> {
    await Promise.all([this.#parts.docker.require(), this.#parts.here.router.observe('')]);
    return null;
  }

  async #prepared(needs: RevisionNeeds) {
    const hasFiles = needs.files === null || existsSync(needs.files);
    return hasFiles ? this.#parts.here.containers.observePrepared(needs) : 'none';
  }

  #filesOf(scope: string, release: string): string {
    const [app = ''] = scope.split('/');
    return join(this.#parts.layout.apps, app, 'files', release.replace('sha256:', ''));
  }

  /** What the sender says of places on its machine is replaced by those here. */
  async #local<T extends ContainerSpec>(scope: string, spec: T): Promise<T> {
    const [app = '', environment = ''] = scope.split('/');
    const bindsDirectory = join(this.#parts.layout.app(app).data(environment), 'binds');
    await mkdir(bindsDirectory, { recursive: true, mode: 0o700 });
    return { ...spec, scope, directory: this.#filesOf(scope, spec.release), bindsDirectory };
  }

  async #copy(scope: string, copy: CopySpec): Promise<CopySpec> {
    const logFile = await logFileOf(this.#parts.layout, scope, requireName(copy.id));
    return { ...(await this.#local(scope, copy)), logFile };
  }

  async #task(scope: string, task: TaskSpec): Promise<TaskSpec> {
    const logFile = await logFileOf(this.#parts.layout, scope, requireName(task.key));
    return { ...(await this.#local(scope, task)), logFile };
  }

  async #needs(scope: string, needs: RevisionNeeds): Promise<RevisionNeeds> {
    const logFile = await logFileOf(this.#parts.layout, scope, requireName(`prepare-${needs.revision}`));
    const files = needs.files === null ? null : this.#filesOf(scope, needs.release);
    return { ...needs, scope, files, imagesFrom: null, logFile };
  }

  async #collect(keep: MachineKeep, fence: number): Promise<Collected> {
    const collected = await this.#parts.here.containers.collect(keep, fence);
    const kept = keep.releases.map((release) => this.#filesOf(keep.scope, release));
    const folder = dirname(this.#filesOf(keep.scope, ''));
    const left = (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
    for (const one of left.filter((path) => !kept.includes(path))) {
      // One that has just come may be for a rollout that began after this was asked.
      const { ctimeMs } = await stat(one);
      if (Date.now() - ctimeMs > freshMs) await rm(one, { recursive: true, force: true });
    }
    return collected;
  }
}

const freshMs = 3_600_000;
const digestShape = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const imageNames = z
  .array(z.string().regex(/^sha256:[0-9a-f]{64} slipway\/[A-Za-z0-9._-]+:[A-Za-z0-9._-]+$/))
  .max(1_000);

/** Ids and keys become names of files. */
function requireName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return name;
  throw new CodedError('wiring/bad-name', `"${name.slice(0, 80)}" is no name of a copy or task`, {
    help: 'use one version of Slipway on both machines',
  });
}

async function unpack(archive: Readable, folder: string): Promise<void> {
  const tar = spawn('tar', ['-C', folder, '-xpf', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  tar.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-500)));
  const ended = once(tar, 'close') as Promise<[number | null]>;
  await pipeline(archive, tar.stdin).catch((error: unknown) => {
    tar.kill();
    throw error;
  });
  const [exitCode] = await ended;
  if (exitCode !== 0) {
    throw new CodedError(
      'wiring/files-not-taken',
      `the files of the release could not be unpacked: ${said.trim()}`,
      {
        help: 'look whether the disk is full: df -h',
      },
    );
  }
}
