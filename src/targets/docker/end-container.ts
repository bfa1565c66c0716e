import type { ContainerInspectInfo } from 'dockerode';
import type { Engine } from '../../docker/index.ts';

/** The engine's own, for a container made without one. */
const defaultGraceS = 10;

/** Stop signal, the grace that the container was made with but no less than the least, SIGKILL, removal. */
export async function endContainer(
  { containers }: Engine,
  { Id, State, Config }: ContainerInspectInfo,
  leastGraceMs = 0,
): Promise<void> {
  const { StopTimeout = defaultGraceS } = Config as { StopTimeout?: number };
  if (State.Running) await containers.stop(Id, Math.max(leastGraceMs, StopTimeout * 1000));
  await containers.remove(Id);
}
