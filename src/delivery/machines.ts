import type { EnvironmentState } from './environment.ts';
import type { Revision, RevisionProcess } from './revision.ts';

/** The machine of the server itself. Any other is named as ssh takes it: `deploy@10.0.0.6`. */
export const here = 'here';

/** A name of something on a machine: as it is `here`, with `@machine` after it elsewhere. */
export function nameOn(machine: string, localName: string): string {
  return machine === here ? localName : `${localName}@${machine}`;
}

/** The machine that a copy's id, or an effect's key, belongs to. */
export function machineOf(id: string): string {
  const at = id.indexOf('@');
  return at < 0 ? here : id.slice(at + 1);
}

/** What the machine itself calls it. */
export function localId(id: string): string {
  const at = id.indexOf('@');
  return at < 0 ? id : id.slice(0, at);
}

/** For sentences: a copy, or an effect's key, with its machine, unless that is `here`. */
export function spoken(id: string): string {
  return `${localId(id)}${onMachine(machineOf(id))}`;
}

/** ` on deploy@10.0.0.6`; nothing for `here`. */
export function onMachine(machine: string): string {
  return machine === here ? '' : ` on ${machine}`;
}

/** Where a revision has what there may be only one of: tasks, command checks, lone workers, shared services. */
export function homeOf({ machines }: Pick<Revision, 'machines'>): string {
  return machines[0] ?? here;
}

/** Where a process has its copies: each of its machines has all of them, unless there may be only one. */
export function machinesFor(
  revision: Pick<Revision, 'machines'>,
  { role, overlap }: Pick<RevisionProcess, 'role' | 'overlap'>,
): string[] {
  const single = role === 'shared' || (role === 'worker' && !overlap);
  return single ? [homeOf(revision)] : revision.machines;
}

/** Every machine that may have something of the environment: these are looked at. Never empty. */
export function machinesOf(state: EnvironmentState): string[] {
  const { stable, standby, rollout, retiring, shared, replacing } = state;
  const whole = [stable, standby?.revision, rollout?.candidate].flatMap(
    (revision) => revision?.machines ?? [],
  );
  const leaving = retiring.flatMap(({ revision, on }) => on ?? revision.machines);
  const homes = [...shared, replacing?.next, replacing?.back].flatMap((one) =>
    one ? [homeOf(one.revision)] : [],
  );
  const all = new Set([...whole, ...leaving, ...homes]);
  return all.size === 0 ? [here] : [...all];
}
