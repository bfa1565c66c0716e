import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Hook } from '../../compose/index.ts';
import { CodedError } from '../../diagnostics/index.ts';
import type { ProcessSpec, ProcessStatus } from '../../supervisor/index.ts';
import type { CopySpec, PreparationSpec, TaskSpec } from './model.ts';
import { containersFolder, type DockerTargetOptions } from './place.ts';

/*
 * The engine knows no fences, and a killed server must not leave half a stop behind. So what destroys or takes long is
 * a process of the supervisor, an act, which runs once for its key and refuses an older fence. What it is to do lies in
 * a private file, for it may hold secrets.
 */

/** What an act is to do. */
export type Order =
  | { act: 'prepare'; preparation: PreparationSpec }
  | { act: 'start'; copy: CopySpec }
  | { act: 'stop'; scope: string; instance: string; hooks: Hook[] }
  | { act: 'task'; task: TaskSpec }
  /** Ends a task that runs, with its own stop signal and grace. */
  | { act: 'end'; scope: string; key: string };

/** An order with all that an act must know. */
export interface WrittenOrder {
  /** Of the engine. */
  url: string;
  ssh: string;
  home: string;
  homeId: string;
  order: Order;
}

type Kind = Order['act'];

/** How long an act may take to end by itself when it is told to. */
const actGraceMs = 5000;
const passedOn = ['PATH', 'HOME', 'SSH_AUTH_SOCK', 'DOCKER_CONFIG'];

/** Gives orders to acts and looks how they come along. */
export interface Orders {
  /** Runs an act unless its key has run or is running; after a failure it runs again. */
  give(
    key: { scope: string; kind: Kind; key: string },
    order: Order,
    run: { fence: number; logFile: string },
  ): Promise<void>;
  /** Throws `supervisor/stale-fence` for an older fence; remembers a newer one. */
  admit(scope: string, fence: number): Promise<void>;
  /** Forgets an act, ending it if it runs. */
  forget(scope: string, kind: Kind, key: string, fence: number): Promise<void>;
  look(scope: string): Promise<Acts>;
}

/** The acts of a scope as they are now. */
export interface Acts {
  find(kind: Kind, key: string): ProcessStatus | undefined;
  /** Keys of the acts of one kind. */
  keys(kind: Kind): string[];
}

/** Orders over a supervisor. */
export function ordersOf({ supervisor, engine, home, homeId }: DockerTargetOptions): Orders {
  const look = async (scope: string): Promise<Acts> => {
    const statuses = await supervisor.list(scope);
    const start = (kind: Kind) => actId(scope, kind, '');
    return {
      find: (kind, key) => statuses.find(({ id }) => id === actId(scope, kind, key)),
      keys: (kind) =>
        statuses.filter(({ id }) => id.startsWith(start(kind))).map(({ id }) => id.slice(start(kind).length)),
    };
  };
  // The supervisor compares fences before it looks for what is to be removed, which is nothing here.
  const admit = (scope: string, fence: number) =>
    supervisor.remove(`${scope}/command/~nothing`, scope, fence);
  const forget: Orders['forget'] = async (scope, kind, key, fence) => {
    await supervisor.remove(actId(scope, kind, key), scope, fence);
    await rm(orderFile(home, scope, `${kind}-${key}`), { force: true });
  };
  const give: Orders['give'] = async ({ scope, kind, key }, order, { fence, logFile }) => {
    const present = (await look(scope)).find(kind, key);
    if (present && !isOver(present)) return;
    if (present) await forget(scope, kind, key, fence);
    const file = orderFile(home, scope, `${kind}-${key}`);
    await writeOrder(file, { url: engine.address.url, ssh: engine.ssh, home, homeId, order });
    const spec: ProcessSpec = {
      id: actId(scope, kind, key),
      scope,
      argv: [process.execPath, actMain(), file],
      cwd: home,
      // Compiled code is shared with the server: an act starts three times as fast.
      env: { ...passedEnvironment(), NODE_COMPILE_CACHE: join(home, 'cache', 'compile') },
      logFile,
      restart: 'never',
      needsPort: false,
      stopGraceMs: actGraceMs,
    };
    await ensureOnce(supervisor, spec, fence);
  };
  return { give, admit, forget, look };
}

/** Whether an act has ended, in whatever way. */
export function isOver({ phase }: ProcessStatus): boolean {
  return phase === 'exited';
}

/** Reads the order of an act. */
export async function readOrder(file: string): Promise<WrittenOrder> {
  return JSON.parse(await readFile(file, 'utf8')) as WrittenOrder;
}

async function writeOrder(file: string, order: WrittenOrder): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, JSON.stringify(order), { mode: 0o600 });
  await rename(draft, file);
}

/** Hooks that a copy's end must run, kept from its start, for a stop knows the copy's id alone. */
export async function keepStopHooks(home: string, { scope, id, service }: CopySpec): Promise<void> {
  const file = orderFile(home, scope, `hooks-${id}`);
  // A container that somebody else has removed may have left hooks of an earlier definition.
  if (service.hooks.preStop.length === 0) return dropStopHooks(home, scope, id);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, JSON.stringify(service.hooks.preStop), { mode: 0o600 });
}

/** @see keepStopHooks */
export async function readStopHooks(home: string, scope: string, id: string): Promise<Hook[]> {
  const file = orderFile(home, scope, `hooks-${id}`);
  return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Hook[]) : [];
}

/** Takes away what was kept for a copy that is gone. */
export async function dropStopHooks(home: string, scope: string, id: string): Promise<void> {
  await rm(orderFile(home, scope, `hooks-${id}`), { force: true });
}

function orderFile(home: string, scope: string, name: string): string {
  return join(containersFolder(home, scope), `${name}.json`);
}

/** Below `command/`, so that nobody takes an act for a copy. */
function actId(scope: string, kind: Kind, key: string): string {
  return `${scope}/command/~${kind}/${key}`;
}

function actMain(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./act.${extension}`, import.meta.url));
}

/** ssh and the docker command need the user's own settings; nothing else of the server reaches an act. */
function passedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    passedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

async function ensureOnce(
  supervisor: DockerTargetOptions['supervisor'],
  spec: ProcessSpec,
  fence: number,
): Promise<void> {
  try {
    await supervisor.ensure(spec, fence);
  } catch (error) {
    // It runs already, started by a server with another environment.
    if (!(error instanceof CodedError && error.code === 'supervisor/spec-conflict')) throw error;
  }
}
