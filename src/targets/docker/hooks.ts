import type { ContainerInfo } from 'dockerode';
import type { Hook } from '../../compose/index.ts';
import { CodedError } from '../../diagnostics/index.ts';
import type { Engine } from '../../docker/index.ts';
import { endContainer } from './end-container.ts';
import type { CopySpec } from './model.ts';
import { dropFiles } from './mounts.ts';
import { containerName, label, sharedRevision } from './names.ts';
import { dropStopHooks, readStopHooks } from './orders.ts';
import type { Place } from './place.ts';
import { startContainer, type NamedContainer } from './start-container.ts';

/** A hook has as long as a migration. */
const hookLimitMs = 3_600_000;

/** Takes what hooks print. */
export type Output = (text: Buffer | string) => void;

interface HookRun {
  hooks: readonly Hook[];
  output: Output;
  /** How long each may take. */
  limitMs?: number;
}

/** Runs hooks in a container that runs, one after another. Throws `targets/hook-failed` at the first that fails. */
export async function runHooks(
  { containers }: Engine,
  name: string,
  { hooks, output, limitMs = hookLimitMs }: HookRun,
): Promise<void> {
  for (const hook of hooks) {
    const { command, user, privileged, workingDir } = hook;
    const how = { user, privileged, workingDir, environment: valuesOf(hook) };
    const running = containers.exec(name, { command, ...how, timeoutMs: limitMs, onOutput: output });
    const exitCode = await running.catch((cause: Error) => {
      throw hookFailed(hook, `failed: ${cause.message}`, cause);
    });
    if (exitCode !== 0) throw hookFailed(hook, `ended with exit code ${exitCode}`);
  }
}

/**
 * Runs the `pre_stop` hooks of a copy's container that somebody else is about to end, for the last time.
 *
 * @param limitMs - How long each may take.
 * @returns What went wrong, as a sentence; the container ends all the same.
 */
export async function runLastHooks(
  { engine, home }: Pick<Place, 'engine' | 'home'>,
  { Id, State, Labels }: ContainerInfo,
  limitMs: number,
): Promise<string | null> {
  const { [label.scope]: scope, [label.instance]: instance } = Labels;
  if (scope === undefined || instance === undefined) return null;
  try {
    const hooks = State === 'running' ? await readStopHooks(home, scope, instance) : [];
    await runHooks(engine, Id, { hooks, limitMs, output: () => {} });
    return null;
  } catch (error) {
    return `${instance} of ${scope} has ended, but ${(error as Error).message}`;
  } finally {
    await dropStopHooks(home, scope, instance);
  }
}

/**
 * Runs the `pre_start` hooks of a copy, each in a container of its own, once for its revision: what has ended well is
 * kept as the proof until the revision is forgotten. Throws `targets/hook-failed`.
 */
export async function runPreStart(place: Place, copy: CopySpec, output: Output): Promise<void> {
  for (const [index, hook] of copy.service.hooks.preStart.entries()) {
    const wanted = await hookContainer(place, copy, { hook, index });
    const { containers } = place.engine;
    const earlier = await containers.inspect(wanted.name);
    if (earlier?.State.Status === 'exited' && earlier.State.ExitCode !== 0)
      await containers.remove(wanted.name);
    await startContainer(place, wanted);
    const exitCode = await containers.wait(wanted.name);
    await dropFiles(place, copy.scope, wanted.name);
    for (const line of await containers.logTail(wanted.name, 1000)) output(`${line}\n`);
    if (exitCode !== 0) throw hookFailed(hook, `ended with exit code ${exitCode}`);
    // A shared service has one revision for ever; each of its starts has the hook run.
    if (copy.revision === sharedRevision) await containers.remove(wanted.name);
  }
}

/**
 * Ends the `pre_start` hook that runs for a copy, whose start nobody wants any more. One that has ended well stays as the
 * proof of that.
 */
export async function endPreStart(place: Place, scope: string, instance: string): Promise<void> {
  const { containers } = place.engine;
  const own = { [label.home]: place.homeId, [label.scope]: scope, [label.task]: null };
  const start = hookKey(instance.replace(/-\d+$/, ''), '');
  for (const { Id, State, Labels } of await containers.list(own)) {
    const key = Labels[label.task] ?? '';
    if (State !== 'running' || !key.startsWith(start)) continue;
    const present = await containers.inspect(Id);
    if (present) await endContainer(place.engine, present);
    await dropFiles(place, scope, containerName(scope, key));
  }
}

/** @param whose - Revision and service: `r7-web`. */
function hookKey(whose: string, index: number | ''): string {
  return `${whose}-pre-start-${index}`;
}

async function hookContainer(
  { engine }: Place,
  copy: CopySpec,
  { hook, index }: { hook: Hook; index: number },
): Promise<NamedContainer> {
  const key = hookKey(`${copy.revision}-${copy.service.name}`, index + 1);
  const image = hook.image === null ? copy.image : (await engine.images.inspect(hook.image))?.Id;
  if (image === undefined)
    throw new CodedError(
      'targets/no-image',
      `the image "${hook.image}" of a pre_start hook is not on the engine`,
      { help: 'ship the commit again: slipway ship' },
    );
  const service = {
    ...copy.service,
    ...(hook.image === null ? {} : { entrypoint: null }),
    command: hook.command.length === 0 ? null : hook.command,
    user: hook.user ?? copy.service.user,
    privileged: hook.privileged || copy.service.privileged,
    workingDir: hook.workingDir ?? copy.service.workingDir,
    healthcheck: { disable: true } as const,
    expose: [],
  };
  const spec = { ...copy, service, image, environment: { ...copy.environment, ...valuesOf(hook) } };
  const identity = { [label.task]: key };
  return { name: containerName(copy.scope, key), spec, identity, publish: [], staysUp: false };
}

function valuesOf({ environment }: Hook): Record<string, string> {
  const given = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== null);
  return Object.fromEntries(given);
}

/** Named by its place: its command may hold secrets. */
function hookFailed({ at }: Hook, how: string, cause?: Error): CodedError {
  return new CodedError('targets/hook-failed', `the hook in ${at.file}:${at.start.line} ${how}`, { cause });
}
