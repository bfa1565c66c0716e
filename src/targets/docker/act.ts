import { CodedError, unreachable } from '../../diagnostics/index.ts';
import { openEngine } from '../../docker/index.ts';
import { endContainer } from './end-container.ts';
import { endPreStart, runHooks, runPreStart } from './hooks.ts';
import type { CopySpec, TaskSpec } from './model.ts';
import { dropFiles } from './mounts.ts';
import { containerName, label } from './names.ts';
import { dropStopHooks, readOrder, type Order } from './orders.ts';
import type { Place } from './place.ts';
import { prepare } from './prepare.ts';
import { copyContainer, startContainer, taskContainer } from './start-container.ts';

/*
 * An act: `node act.ts ORDER_FILE`, a process of the supervisor. It may die at any moment and be run again; what it has
 * done then is done. Prints what happens, ends with 0 when its work is done, a task with the exit code of its command.
 */

const print = (text: Buffer | string) => void process.stdout.write(text);

async function carryOut(place: Place, order: Order): Promise<number> {
  switch (order.act) {
    case 'prepare':
      await prepare(place, order.preparation, (line) => print(`${line}\n`));
      return 0;
    case 'start':
      await start(place, order.copy);
      return 0;
    case 'stop':
      await stop(place, order);
      return 0;
    case 'task':
      return runTask(place, order.task);
    case 'end':
      await endTask(place, order);
      return 0;
    default:
      return unreachable(order);
  }
}

async function start(place: Place, copy: CopySpec): Promise<void> {
  const wanted = copyContainer(copy);
  await runPreStart(place, copy, print);
  await startContainer(place, wanted);
  await runHooks(place.engine, wanted.name, { hooks: copy.service.hooks.postStart, output: print });
}

async function stop(place: Place, { scope, instance, hooks }: Order & { act: 'stop' }): Promise<void> {
  await endPreStart(place, scope, instance);
  await endContainers(place, {
    name: containerName(scope, instance),
    scope,
    identity: { [label.instance]: instance },
    // A copy ends, whatever its hooks say.
    beforehand: (id) =>
      runHooks(place.engine, id, { hooks, output: print }).catch((error: Error) =>
        print(`slipway: ${error.message}\n`),
      ),
  });
  await dropStopHooks(place.home, scope, instance);
}

async function endTask(place: Place, { scope, key }: Order & { act: 'end' }): Promise<void> {
  const identity = { [label.task]: key };
  await endContainers(place, { name: containerName(scope, key), scope, identity });
}

interface Ending {
  name: string;
  scope: string;
  identity: Record<string, string>;
  /** What is to be done while it still runs. */
  beforehand?: (id: string) => Promise<void>;
}

/** Stop signal, grace, SIGKILL, removal: of what carries our labels, for somebody may have renamed it. */
async function endContainers(place: Place, { name, scope, identity, beforehand }: Ending): Promise<void> {
  const { containers } = place.engine;
  const own = { [label.home]: place.homeId, [label.scope]: scope, ...identity };
  for (const { Id } of await containers.list(own)) {
    const present = await containers.inspect(Id);
    if (present?.State.Running) await beforehand?.(Id);
    if (present) await endContainer(place.engine, present);
  }
  await dropFiles(place, scope, name);
}

async function runTask(place: Place, task: TaskSpec): Promise<number> {
  const wanted = taskContainer(task);
  await startContainer(place, wanted);
  const { containers } = place.engine;
  const log = (async () => {
    for await (const text of await containers.followLogs(wanted.name)) print(text);
  })();
  const exitCode = await containers.wait(wanted.name);
  await log;
  await dropFiles(place, task.scope, wanted.name);
  return exitCode;
}

const [, , orderFile = ''] = process.argv;
try {
  const { url, ssh, home, homeId, order } = await readOrder(orderFile);
  process.exitCode = await carryOut({ engine: openEngine(url, { ssh }), home, homeId }, order);
} catch (error) {
  const finding = error instanceof CodedError ? error.toFinding() : null;
  for (const note of finding?.notes ?? []) print(`${note}\n`);
  print(`slipway: ${error instanceof Error ? error.message : String(error)}\n`);
  if (finding?.help !== undefined) print(`slipway: help: ${finding.help}\n`);
  process.exitCode = 1;
}
