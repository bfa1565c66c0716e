import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What the user of the demo asked for. */
export interface DemoOptions {
  keep: boolean;
  /** Where the table is written for programs. */
  jsonFile: string | null;
  help: boolean;
  /** Which parts are played. */
  parts: readonly Part[];
}

/** Plain processes, as on any machine; and containers, where there is a Docker Engine. */
export type Part = 'processes' | 'docker';

export const helpText = `Usage: npm run demo -- [options]

ship commits of an example app to production and back, under constant traffic: as plain processes and then,
where there is a Docker Engine, as containers by its compose.yml

Options:
  --keep       leave everything running at the end, and say how to look and how to stop
  --only PART  play one part alone: processes or docker
  --json FILE  write the table for programs
  -h, --help   print this help

Exit codes: 0 everything went as told, 1 it did not, 2 wrong usage, 130 interrupted
`;

/** @throws Error with a sentence for the user: an unknown flag, a missing value, a file that could not be written. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      keep: { type: 'boolean', default: false },
      json: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const parts = partsOf(values.only);
  // Better now than after the whole play.
  if (values.json !== undefined) accessSync(dirname(resolve(values.json)), constants.W_OK);
  return { keep: values.keep, jsonFile: values.json ?? null, help: values.help, parts };
}

function partsOf(only: string | undefined): Part[] {
  const all: Part[] = ['processes', 'docker'];
  if (only === undefined) return all;
  const chosen = all.filter((part) => part === only);
  if (chosen.length === 0) throw new Error(`--only takes ${all.join(' or ')}, not "${only}"`);
  return chosen;
}
