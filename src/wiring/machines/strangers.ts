import type { Docker } from '../docker.ts';
import { containerLabel } from '../../targets/index.ts';
import { meet, volumePlaces } from '../data-places.ts';
import { guestPart } from './guest-scope.ts';

/** A container that writes to places which were asked about, and that the server that asks has not made. */
export interface Stranger {
  /** Its name on the engine. */
  name: string;
  /** Where it writes, of all that meets what was asked about: `volume shop_data`, `/srv/db`. */
  places: string[];
  /** False: it has ended, and Docker starts it again with the engine or the machine. */
  runs: boolean;
  /** Who made it, as far as that can be seen; null for a person. */
  by: { compose: string; service: string } | { slipway: string } | null;
}

type Listed = Awaited<ReturnType<Docker['engine']['containers']['list']>>[number];

/**
 * Finds who else writes, or will after a reboot, to places of this machine.
 *
 * @param guest - Home of the server elsewhere that asks; null for the one of this machine.
 */
export async function strangersAt(
  places: string[],
  guest: string | null,
  { engine, homeId }: Pick<Docker, 'engine' | 'homeId'>,
): Promise<Stranger[]> {
  if (places.length === 0) return [];
  const isOwn = ({ Labels: labels }: Listed) =>
    labels[containerLabel.home] === homeId &&
    guestPart(labels[containerLabel.scope] ?? '') === (guest?.slice(0, 8) ?? null);
  const others = (await engine.containers.list({})).filter((one) => !isOwn(one));
  const found = await Promise.all(
    others.map(async (one): Promise<Stranger[]> => {
      const met = (await written(one, engine)).filter((place) => places.some((asked) => meet(asked, place)));
      if (met.length === 0) return [];
      const runs = ['running', 'restarting', 'paused'].includes(one.State);
      if (!runs && !(await comesBack(one, engine))) return [];
      return [
        { name: (one.Names[0] ?? one.Id).replace(/^\//, ''), places: met, runs, by: makerOf(one.Labels) },
      ];
    }),
  );
  return found.flat();
}

async function written({ Mounts }: Listed, { volumes }: Docker['engine']): Promise<string[]> {
  const places = await Promise.all(
    Mounts.filter(({ RW }) => RW).map(async ({ Type, Name, Source }) => {
      if (Type === 'bind') return [Source];
      if (Type !== 'volume' || Name === undefined) return [];
      return volumePlaces(Name, (await volumes.inspect(Name))?.Options ?? {});
    }),
  );
  return places.flat();
}

async function comesBack({ Id }: Listed, { containers }: Docker['engine']): Promise<boolean> {
  return (await containers.inspect(Id))?.HostConfig.RestartPolicy?.Name === 'always';
}

function makerOf(labels: Listed['Labels']): Stranger['by'] {
  const slipway = labels[containerLabel.scope];
  if (slipway !== undefined) return { slipway };
  const compose = labels['com.docker.compose.project'];
  const service = labels['com.docker.compose.service'];
  return compose === undefined || service === undefined ? null : { compose, service };
}
