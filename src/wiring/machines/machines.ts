import { here } from '../../delivery/index.ts';
import type { Engine } from '../../docker/index.ts';
import { farMachine } from './far-machine.ts';
import { MachineLink, type LinkOptions } from './link.ts';
import type { Machine } from './model.ts';

/** Every machine that runs copies of some environment. */
export interface Machines {
  /** By its name in slipway.yml. Nothing is connected to before it is asked something. */
  of(name: string): Machine;
  /** Tells why the last looks of an environment at some of its machines failed, by machine. */
  note(scope: string, problems: ReadonlyMap<string, string>): void;
  /** By machine that some environment is on: why the last look at it failed. */
  problems(): ReadonlyMap<string, string>;
  close(): void;
}

/** What machines are made with. @param engine - That has the images of releases. */
interface Parts extends Omit<LinkOptions, 'name'> {
  here: Machine;
  engine: Engine;
}

/** The machines of a server: this one, and others as they are named. */
export function machinesOf({ here: own, engine, ...options }: Parts): Machines {
  const known = new Map<string, { machine: Machine; link: MachineLink | null }>([
    [here, { machine: own, link: null }],
  ]);
  const problems = new Map<string, ReadonlyMap<string, string>>();
  return {
    of: (name) => {
      const found = known.get(name);
      if (found) return found.machine;
      const link = new MachineLink({ ...options, name });
      const machine = farMachine({ link, engine });
      known.set(name, { machine, link });
      return machine;
    },
    note: (scope, found) => void problems.set(scope, found),
    problems: () => new Map([...problems.values()].flatMap((found) => [...found])),
    close: () => {
      for (const { link } of known.values()) link?.close();
    },
  };
}
