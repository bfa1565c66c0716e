import { localId, machineOf, nameOn, type MeasuredRevision } from '../../delivery/index.ts';
import type { Machine } from '../machines/model.ts';
import type { Machines } from '../machines/machines.ts';

/** Where copies are looked at. */
export interface CopyPlace {
  scope: string;
  machines: Pick<Machines, 'of'>;
}

/**
 * Asks each machine that has copies of a revision about them, by the ids that it knows itself. A machine that does not
 * answer fails all of it: a part of a revision is not the revision.
 */
export async function askMachines<T extends { id: string }>(
  { copies }: MeasuredRevision,
  { machines }: CopyPlace,
  ask: (machine: Machine, ids: string[]) => Promise<T[]>,
): Promise<T[]> {
  const names = [...new Set(copies.map(machineOf))];
  const answers = await Promise.all(
    names.map(async (name) => {
      const ids = copies.filter((id) => machineOf(id) === name).map(localId);
      const found = await ask(machines.of(name), ids);
      return found.map((one) => ({ ...one, id: nameOn(name, one.id) }));
    }),
  );
  return answers.flat();
}

/** The machine of the copies that a value comes from, where the revision is on others, too; nothing where it comes from several. */
export function placeOf({ copies }: MeasuredRevision, from: readonly string[]): { machine?: string } {
  const [machine, ...others] = new Set(from.map(machineOf));
  const isOneOfSeveral = copies.some((id) => machineOf(id) !== machine);
  return machine !== undefined && others.length === 0 && isOneOfSeveral ? { machine } : {};
}

/** What is said when none of a revision's copies was found. */
export function noCopy({ id }: MeasuredRevision): { trouble: string } {
  return { trouble: `no copy of ${id} runs: see why with slipway logs` };
}
