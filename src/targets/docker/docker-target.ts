import type { Preparation } from '../../delivery/index.ts';
import { CodedError } from '../../diagnostics/index.ts';
import { readLogTail } from '../../supervisor/index.ts';
import { collectGarbage } from './collect.ts';
import type { CopySpec, DockerTarget } from './model.ts';
import { Healthchecks } from './healthcheck.ts';
import { dropFiles } from './mounts.ts';
import { containerName, label } from './names.ts';
import { observeActs, observeCopy, observeTask } from './observe.ts';
import { areNetworksThere, ensureNetworks } from './networks.ts';
import { isOver, keepStopHooks, ordersOf, readStopHooks, type Acts, type Orders } from './orders.ts';
import { containersFolder, type DockerTargetOptions } from './place.ts';
import { areImagesThere } from './prepare.ts';
import { repairContainer } from './repair.ts';
import { copyContainer, refuseForeign, startContainer } from './start-container.ts';

const tailLines = 20;

/** The Docker target over one engine. */
export function createDockerTarget(options: DockerTargetOptions): DockerTarget {
  const { engine, home, homeId } = options;
  const orders = ordersOf(options);
  const healthchecks = new Healthchecks(engine);
  const actLog = (scope: string) => `${containersFolder(home, scope)}/acts.log`;
  const inspect = (scope: string, id: string) => engine.containers.inspect(containerName(scope, id));

  const start = async (copy: CopySpec, fence: number) => {
    const { scope, id, service, logFile } = copy;
    await claimCopy(orders, { scope, id, fence });
    await keepStopHooks(home, copy);
    const { preStart, postStart } = service.hooks;
    if (preStart.length + postStart.length === 0) return startContainer(options, copyContainer(copy));
    const run = { fence, logFile };
    return orders.give({ scope, kind: 'start', key: id }, { act: 'start', copy }, run);
  };

  return {
    prepare: async (preparation, fence) => {
      const { scope, revision, images, networks, logFile } = preparation;
      if (!(await areImagesThere(engine, images)))
        return orders.give(
          { scope, kind: 'prepare', key: revision },
          { act: 'prepare', preparation },
          { fence, logFile },
        );
      // What is left takes a moment, less than the start of an act.
      await orders.forget(scope, 'prepare', revision, fence);
      await ensureNetworks({ engine, homeId, scope, revision }, networks);
    },
    observePrepared: async ({ scope, revision, images, networks }) => {
      const told = toldByAct(await orders.look(scope), revision);
      if (told !== 'none') return told;
      const [imagesThere, networksThere] = await Promise.all([
        areImagesThere(engine, images),
        areNetworksThere({ engine, scope, revision }, networks),
      ]);
      return imagesThere && networksThere ? 'done' : 'none';
    },
    start,
    stop: async (scope, instance, fence) => {
      await orders.forget(scope, 'start', instance, fence);
      await forgetOldStops(orders, { scope, instance, fence });
      const hooks = await readStopHooks(home, scope, instance);
      const run = { fence, logFile: actLog(scope) };
      await orders.give({ scope, kind: 'stop', key: instance }, { act: 'stop', scope, instance, hooks }, run);
    },
    observe: async (scope, probes) => {
      const own = { [label.home]: homeId, [label.scope]: scope, [label.instance]: null };
      const [acts, listed] = await Promise.all([orders.look(scope), engine.containers.list(own)]);
      const found = await Promise.all(listed.map(({ Id }) => engine.containers.inspect(Id)));
      // One that was never started is nobody's: its start goes on when it is asked for again.
      const started = found
        .filter((one) => one !== null && one.State.Status !== 'created')
        .filter((one) => one !== null);
      healthchecks.forgetOthers(
        scope,
        started.map(({ Id }) => Id),
      );
      const sight = { engine, acts, healthchecks, probes };
      const seen = await Promise.all(started.map((one) => observeCopy(one, sight)));
      const ids = new Set(seen.map(({ id }) => id));
      return [...seen, ...observeActs(acts).filter(({ id }) => !ids.has(id))];
    },
    repair: async (copy, fence) => {
      await claimCopy(orders, { scope: copy.scope, id: copy.id, fence });
      const container = await inspect(copy.scope, copy.id);
      if (!container) return start(copy, fence);
      refuseForeign(container, options, copyContainer(copy));
      await repairContainer(engine, container, copy);
    },
    runCommand: async (task, fence) => {
      const { scope, key, logFile } = task;
      // Once is once: what has ended is not run again, whoever asks.
      if ((await orders.look(scope)).find('task', key)) return orders.admit(scope, fence);
      await orders.give({ scope, kind: 'task', key }, { act: 'task', task }, { fence, logFile });
    },
    observeCommand: async (scope, key) => {
      const [acts, container] = await Promise.all([orders.look(scope), inspect(scope, key)]);
      const isOwn =
        container?.Config.Labels[label.task] === key && container.Config.Labels[label.home] === homeId;
      return observeTask(engine, isOwn ? container : null, {
        running: acts.find('task', key),
        ending: acts.find('end', key),
      });
    },
    forgetCommand: async (scope, key, fence) => {
      await orders.forget(scope, 'task', key, fence);
      const ending = (await orders.look(scope)).find('end', key);
      if (ending && !isOver(ending)) return;
      const container = await inspect(scope, key);
      const isOwn =
        container?.Config.Labels[label.task] === key && container.Config.Labels[label.home] === homeId;
      if (isOwn && container.State.Running) {
        const run = { fence, logFile: actLog(scope) };
        return orders.give({ scope, kind: 'end', key }, { act: 'end', scope, key }, run);
      }
      await orders.forget(scope, 'end', key, fence);
      if (isOwn) await engine.containers.remove(container.Id);
      await dropFiles(options, scope, containerName(scope, key));
    },
    readLog: async (scope, id, lines) => {
      const container = await inspect(scope, id);
      return container ? engine.containers.logTail(container.Id, lines) : [];
    },
    collect: async (keep, fence) => {
      await orders.admit(keep.scope, fence);
      const acts = await orders.look(keep.scope);
      for (const revision of acts.keys('prepare'))
        if (!keep.revisions.includes(revision)) await orders.forget(keep.scope, 'prepare', revision, fence);
      for (const key of acts.keys('end')) {
        const ending = acts.find('end', key);
        if (ending && isOver(ending)) await orders.forget(keep.scope, 'end', key, fence);
      }
      return collectGarbage(options, keep);
    },
  };
}

interface Claim {
  scope: string;
  id: string;
  fence: number;
}

/** Refuses an older fence, and a copy whose end is under way; forgets ends that are over. */
async function claimCopy(orders: Orders, { scope, id, fence }: Claim): Promise<void> {
  const stopping = (await orders.look(scope)).find('stop', id);
  if (stopping && !isOver(stopping))
    throw new CodedError('targets/still-stopping', `${id} of ${scope} is to start and has not ended yet`, {
      help: 'nothing: it is tried again',
    });
  await orders.forget(scope, 'stop', id, fence);
}

/** What has ended well is only in the way: the list of acts stays as short as the list of copies. */
async function forgetOldStops(
  orders: Orders,
  { scope, instance, fence }: { scope: string; instance: string; fence: number },
) {
  const acts = await orders.look(scope);
  for (const id of acts.keys('stop')) {
    const act = acts.find('stop', id);
    if (id !== instance && act && isOver(act) && act.exitCode === 0)
      await orders.forget(scope, 'stop', id, fence);
  }
}

function toldByAct(acts: Acts, revision: string): Preparation {
  const act = acts.find('prepare', revision);
  if (!act) return 'none';
  if (!isOver(act)) return 'going';
  if (act.exitCode === 0) return 'done';
  const logTail = readLogTail(act.logFile, tailLines);
  const said = logTail.findLast((line) => line.startsWith('slipway: ') && !line.startsWith('slipway: help'));
  return { failed: said?.slice('slipway: '.length) ?? 'it was interrupted', logTail };
}
