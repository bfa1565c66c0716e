import type { EnvironmentDefinition } from '../app/index.ts';
import { here } from '../delivery/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import type { HostClaim } from './host-claims.ts';
import { machineObstacles, type AskedMachine, type Obstacle } from './machine-fit.ts';
import type { Machines } from './machines/machines.ts';

/** What the machines of an environment said of themselves, and what stands in the way of running it there. */
export interface MachinesAnswer {
  asked: AskedMachine[];
  obstacles: Obstacle[];
}

/** Asks all machines of an environment side by side. Where it is on this machine alone, nobody is asked. */
export async function askMachines(
  { definition }: { definition: EnvironmentDefinition },
  machines: Machines,
): Promise<MachinesAnswer> {
  if (onlyHere(definition)) return { asked: [], obstacles: [] };
  const [own, ...asked] = await Promise.all(
    [here, ...definition.machines].map((name) => ask(name, machines)),
  );
  return { asked, obstacles: machineObstacles({ definition, asked, own: own?.facts ?? null }) };
}

async function ask(name: string, machines: Machines): Promise<AskedMachine> {
  try {
    return { name, facts: await machines.of(name).facts() };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { name, facts: null, reason: error };
  }
}

function onlyHere({ machines }: EnvironmentDefinition): boolean {
  return machines.every((name) => name === here);
}

/**
 * Makes sure, before anything is made or touched, that every machine can take its part.
 *
 * @returns Host names that other apps answer on the machines elsewhere.
 * @throws CodedError with all that stands in the way.
 */
export async function requireMachines(
  wish: { definition: EnvironmentDefinition },
  machines: Machines,
): Promise<HostClaim[]> {
  const { asked, obstacles } = await askMachines(wish, machines);
  const [first, ...others] = obstacles.map(({ finding }) => finding);
  if (first) {
    const { code, message, notes, help } = first;
    const more = others.map((one) => one.message);
    throw new CodedError(code, message, {
      notes: [...notes, ...more],
      ...(help === undefined ? {} : { help }),
    });
  }
  return asked.flatMap(({ name, facts }) => (name === here || !facts ? [] : facts.claims));
}

/**
 * Makes sure that machines answer, before what ran there is started there again.
 *
 * @throws CodedError `wiring/machine-silent`, `wiring/other-version`, `docker/…`
 */
export async function requireAnswers(names: string[], machines: Machines): Promise<void> {
  const asked = await Promise.all(names.filter((name) => name !== here).map((name) => ask(name, machines)));
  for (const { facts, ...machine } of asked) if (!facts && 'reason' in machine) throw machine.reason;
}
