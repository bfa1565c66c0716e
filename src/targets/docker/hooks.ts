import type { Hook } from '../../compose/index.ts';
import { CodedError } from '../../diagnostics/index.ts';
import type { Engine } from '../../docker/index.ts';
import type { CopySpec } from './model.ts';
import { dropFiles } from './mounts.ts';
import { containerName, label, sharedRevision } from './names.ts';
import type { Place } from './place.ts';
import { startContainer, type NamedContainer } from './start-container.ts';

/** A hook has as long as a migration. */
const hookLimitMs = 3_600_000;

/** Takes what hooks print. */
export type Output = (text: Buffer | string) => void;

/** Runs hooks in a container that runs, one after another. Throws `targets/hook-failed` at the first that fails. */
export async function runHooks(
  engine: Engine,
  name: string,
  run: { hooks: readonly Hook[]; output: Output },
): Promise<void> {
  for (const hook of run.hooks) {
    const exitCode = await engine.containers.exec(name, {
      command: hook.command,
      user: hook.user,
      privileged: hook.privileged,
      workingDir: hook.workingDir,
      environment: valuesOf(hook),
      timeoutMs: hookLimitMs,
      onOutput: run.output,
    });
    if (exitCode !== 0) throw hookFailed(hook, name, exitCode);
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
    if (exitCode !== 0) throw hookFailed(hook, wanted.name, exitCode);
    // A shared service has one revision for ever; each of its starts has the hook run.
    if (copy.revision === sharedRevision) await containers.remove(wanted.name);
  }
}

async function hookContainer(
  { engine }: Place,
  copy: CopySpec,
  { hook, index }: { hook: Hook; index: number },
): Promise<NamedContainer> {
  const key = `${copy.revision}-${copy.service.name}-pre-start-${index + 1}`;
  const image = hook.image === null ? copy.image : (await engine.images.inspect(hook.image))?.Id;
  if (image === undefined)
    throw new CodedError(
      'targets/no-image',
      `the image "${hook.image}" of a pre_start hook is not on the engine`,
      {
        help: `pull it: docker pull ${hook.image}`,
      },
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

function hookFailed({ command, at }: Hook, name: string, exitCode: number): CodedError {
  const what = command.length === 0 ? 'a hook' : `the hook "${command.join(' ')}"`;
  return new CodedError('targets/hook-failed', `${what} of ${name} ended with exit code ${exitCode}`, {
    notes: [`it stands in ${at.file}:${at.start.line}`],
  });
}
