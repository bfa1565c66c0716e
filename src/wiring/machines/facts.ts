import { statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import type { RouterAbilities } from '../../delivery/index.ts';
import type { Store } from '../../store/index.ts';
import type { Docker } from '../docker.ts';
import { environmentStates } from '../environments.ts';
import { hostClaims } from '../host-claims.ts';
import type { MachineFacts } from './model.ts';

/** What this machine says of itself. Throws `wiring/no-docker`, `docker/…`. */
export async function factsOfHere(parts: {
  version: string;
  docker: Docker;
  store: Store;
  abilities: RouterAbilities;
}): Promise<MachineFacts> {
  const { version, docker, store, abilities } = parts;
  await docker.require();
  const [engine, states] = await Promise.all([docker.engine.info(), environmentStates(store)]);
  const near = docker.engine.address.kind === 'unix';
  const disk = near ? await statfs(engine.dataDirectory).catch(() => null) : null;
  return {
    version,
    home: docker.homeId,
    abilities,
    engine,
    free: { memoryBytes: near ? freemem() : null, diskBytes: disk && disk.bavail * disk.bsize },
    claims: hostClaims(states),
  };
}
