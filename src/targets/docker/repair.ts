import type { ContainerInspectInfo } from 'dockerode';
import type { Engine } from '../../docker/index.ts';
import { presentState, readExpected } from './drift.ts';
import type { CopySpec } from './model.ts';
import { attachments } from './networks.ts';

/**
 * Undoes what was changed by hand. Everything that can be changed on a container can be changed back while it runs; one
 * that has ended, for whatever reason, is started again.
 */
export async function repairContainer(
  engine: Engine,
  container: ContainerInspectInfo,
  copy: CopySpec,
): Promise<void> {
  const { Id: id, State } = container;
  const expected = readExpected(container);
  const present = presentState(container);
  if (State.Paused) await engine.containers.unpause(id);
  if (expected) {
    for (const network of present.networks)
      if (!expected.networks.includes(network)) await engine.networks.disconnect(network, id);
    for (const { network, aliases } of copy.service.networkMode === null ? attachments(copy) : [])
      if (!present.networks.includes(network)) await engine.networks.connect(network, id, aliases);
    const limits = Object.entries(expected.limits).filter(([name, value]) => present.limits[name] !== value);
    const changed = limits.length > 0 || present.restart.Name !== expected.restart.Name;
    if (changed) await engine.containers.update(id, { ...withSwap(limits), RestartPolicy: expected.restart });
  }
  if (State.Status === 'exited') await engine.containers.start(id);
}

/** Memory and swap are one limit to the kernel: without saying both, a higher one is refused. */
function withSwap(limits: [string, number][]): Record<string, number> {
  const settings = Object.fromEntries(limits);
  const { Memory } = settings;
  return Memory === undefined ? settings : { ...settings, MemorySwap: Memory === 0 ? -1 : 2 * Memory };
}
