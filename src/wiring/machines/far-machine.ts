import type { RouterState } from '../../delivery/index.ts';
import type { Engine } from '../../docker/index.ts';
import type { LogLine } from '../views.ts';
import { Bringing } from './bringing.ts';
import type { MachineLink } from './link.ts';
import type { Containers, Machine } from './model.ts';

/** What a machine elsewhere is made of. */
export interface FarParts {
  link: MachineLink;
  /** That has the images of releases. */
  engine: Engine;
}

/** A machine elsewhere: its own Slipway server does there what it is asked. */
export function farMachine({ link, engine }: FarParts): Machine {
  return {
    name: link.name,
    router: {
      apply: async (routes, fence) => void (await link.ask(routes.scope, { do: 'route', routes, fence })),
      observe: (scope) => link.ask<RouterState>(scope, { do: 'look-at-routes' }),
    },
    containers: farContainers(link, new Bringing({ link, engine })),
    smoke: (asked) => link.ask('', { do: 'smoke', asked }),
    check: (asked) => link.ask('', { do: 'check', asked }),
    use: (scope, copies) => link.ask(scope, { do: 'use', copies }),
    countLines: (scope, asked) => link.ask(scope, { do: 'count-lines', asked }),
    facts: () => link.ask('', { do: 'facts' }),
    strangers: (places) => link.ask('', { do: 'strangers', places }),
    async *logs(scope, { process, lines, follow, signal }) {
      const about = {
        scope,
        follow: follow ? '1' : '0',
        ...(process === null ? {} : { process }),
        ...(lines === null ? {} : { lines: String(lines) }),
      };
      for await (const line of link.lines('/machine/logs', about, signal)) yield JSON.parse(line) as LogLine;
    },
  };
}

function farContainers(link: MachineLink, bringing: Bringing): Containers {
  return {
    prepare: (needs, fence) => bringing.begin(needs, fence),
    observePrepared: (needs) => bringing.look(needs),
    start: async (copy, fence) => void (await link.ask(copy.scope, { do: 'start', copy, fence })),
    repair: async (copy, fence) => void (await link.ask(copy.scope, { do: 'repair', copy, fence })),
    stop: async (scope, id, fence) => void (await link.ask(scope, { do: 'stop', id, fence })),
    observe: (scope, probes) => link.ask(scope, { do: 'look', probes }),
    runCommand: async (task, fence) => void (await link.ask(task.scope, { do: 'run-task', task, fence })),
    observeCommand: (scope, key) => link.ask(scope, { do: 'look-at-task', key }),
    forgetCommand: async (scope, key, fence) =>
      void (await link.ask(scope, { do: 'forget-task', key, fence })),
    readLog: (scope, id, lines) => link.ask(scope, { do: 'read-log', id, lines }),
    collect: (keep, fence) => link.ask(keep.scope, { do: 'collect', keep, fence }),
  };
}
