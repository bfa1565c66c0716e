import type { Span } from '../diagnostics/index.ts';
import type { Findings } from './findings.ts';
import type { Lookup } from './interpolate.ts';
import { readYaml } from './read-yaml.ts';
import type { ComposeSources } from './service.ts';
import { withOpened, type StandIns } from './stand-ins.ts';
import type { Mapping } from './tree.ts';

/** Where files of one project are read. */
export interface FilesWorld {
  sources: ComposeSources;
  findings: Findings;
  /** Folder from which paths of these files count. */
  folder: string;
  lookup: Lookup;
  standIns: StandIns;
  /** Files that include these, outermost first. */
  includedBy: readonly string[];
}

/** Reads one file without what it includes; null when it is missing or cannot be read. */
export function readFile(path: string, at: Span, world: FilesWorld): Mapping | null {
  const { sources, findings, folder, lookup, standIns } = world;
  const text = sources.read(path);
  if (text !== null) {
    const file = readYaml({ path, text, folder, lookup }, findings);
    return file && withOpened(file, standIns);
  }
  findings.error('compose/no-file', `there is no file ${path}`, at, {
    notes: ['files that are not in the commit are not there for Slipway'],
    help: 'commit it, or mend its name',
  });
  return null;
}
