import type { EnvironmentDefinition } from '../app/index.ts';
import { here } from '../delivery/index.ts';
import type { CodedError, Finding } from '../diagnostics/index.ts';
import { takenHost } from './host-claims.ts';
import type { MachineFacts } from './machines/model.ts';
import { unmetNeeds } from './router-fit.ts';

/** A machine, and what it said of itself, or why it did not. */
export type AskedMachine =
  { name: string; facts: MachineFacts } | { name: string; facts: null; reason: CodedError };

/** An environment whose machines were asked. */
export interface MachinesWish {
  definition: EnvironmentDefinition;
  asked: AskedMachine[];
  /** Of the machine of this server, which makes the images; null when it has no engine, which others tell. */
  own: MachineFacts | null;
}

/** What stands in the way on one machine. */
export interface Obstacle {
  machine: string;
  finding: Finding;
}

/**
 * What stands in the way of running an environment on its machines: those that do not answer or are one and the same,
 * that have another processor, a router that cannot do what is asked for, or one of its host names already.
 */
export function machineObstacles(wish: MachinesWish): Obstacle[] {
  const ids = new Map(wish.own ? [[wish.own.home, here]] : []);
  return wish.asked.flatMap((asked) => {
    const machine = asked.name;
    if (asked.facts === null) return [{ machine, finding: unasked(machine, asked.reason) }];
    const twin = ids.get(asked.facts.home) ?? machine;
    ids.set(asked.facts.home, twin);
    if (twin !== machine) return [{ machine, finding: sameMachine(machine, twin) }];
    if (machine === here) return [];
    return findingsOf(machine, asked.facts, wish).map((finding) => ({ machine, finding }));
  });
}

function findingsOf(name: string, facts: MachineFacts, { definition, own }: MachinesWish): Finding[] {
  return [
    ...processorFindings(name, facts, own),
    ...unmetNeeds(definition, facts.abilities).map(({ why, without }) =>
      error(
        'wiring/router-cannot',
        `the router of ${name} cannot do what ${definition.name} asks for: ${why}`,
        { help: `${without}, or take another router there: slipway up --router embedded` },
      ),
    ),
    ...hostFindings(name, definition.hosts, facts),
  ];
}

function unasked(name: string, reason: CodedError): Finding {
  const { help, ...finding } = reason.toFinding();
  if (name === here) return reason.toFinding();
  const way = `leave ${name} out of "machines" in slipway.yml and ship that`;
  return { ...finding, help: help === undefined ? way : `${help}; or ${way}` };
}

function sameMachine(name: string, other: string): Finding {
  return error('wiring/machine-twice', `${name} is the same machine as ${other}`, {
    help: `remove ${name} from "machines" in slipway.yml`,
  });
}

function processorFindings(name: string, { engine }: MachineFacts, own: MachineFacts | null): Finding[] {
  if (!own || engine.architecture === own.engine.architecture) return [];
  return [
    error(
      'wiring/machine-processor',
      `${name} is ${engine.architecture}, and images are made for ${own.engine.architecture}`,
      { help: `take machines of one processor, or leave ${name} out of "machines" in slipway.yml` },
    ),
  ];
}

function hostFindings(name: string, hosts: string[], { claims }: MachineFacts): Finding[] {
  // An environment of that name over there is another one.
  const taken = takenHost(hosts, '', claims);
  if (taken === null) return [];
  return [
    error('wiring/host-taken', `on ${name}, host "${taken.host}" is served by ${taken.by} already`, {
      help: 'give one of the two another "host" in slipway.yml',
    }),
  ];
}

function error(code: string, message: string, { help }: { help: string }): Finding {
  return { code, severity: 'error', message, notes: [], help };
}
