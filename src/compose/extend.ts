import type { Span } from '../diagnostics/index.ts';
import { didYouMean } from '../diagnostics/index.ts';
import { mergeTrees } from './merge.ts';
import { folderOf, joinPath } from './paths.ts';
import { readFile, type FilesWorld } from './read-file.ts';
import { fields, text } from './shapes.ts';
import { isNothing, mapping, valueAt } from './tree.ts';
import type { Mapping, Tree } from './tree.ts';

/** A file whose services are being extended. */
interface OpenFile {
  path: string;
  tree: Mapping;
  world: FilesWorld;
}

/** A file with what its services extend put below them. */
export function withExtended(tree: Mapping, path: string, world: FilesWorld): Mapping {
  const services = tree.entries.get('services');
  if (services?.value.kind !== 'map') return tree;
  const file: OpenFile = { path, tree, world };
  const extended = [...services.value.entries].map(([name, entry]) => {
    const value = entry.value.kind === 'map' ? extend(name, entry.value, file, []) : entry.value;
    return [name, { ...entry, value }] as const;
  });
  const value = { ...services.value, ...mapping(extended, services.value.at) };
  return { ...tree, entries: new Map(tree.entries).set('services', { ...services, value }) };
}

const longForm = fields({ service: text, file: text }, { of: 'extends' });

function extend(name: string, service: Mapping, file: OpenFile, chain: readonly string[]): Mapping {
  const { findings } = file.world;
  const written = valueAt(service, 'extends');
  if (written === undefined || isNothing(written)) return service;
  const own: Mapping = {
    ...service,
    entries: new Map([...service.entries].filter(([key]) => key !== 'extends')),
  };
  const path = `services.${name}.extends`;
  const read =
    written.kind === 'map' ? longForm(written, path, findings) : { service: text(written, path, findings) };
  if (read?.service === undefined) {
    if (written.kind === 'map' && !written.entries.has('service'))
      findings.error('compose/missing-key', `${path} has no service`, written.at, {
        help: 'add "service: NAME"',
      });
    return own;
  }
  const here = `${file.path}: ${name}`;
  if (chain.includes(here)) {
    const from = chain.slice(chain.indexOf(here));
    findings.error(
      'compose/cycle',
      `services extend each other: ${[...from, here].join(' → ')}`,
      written.at,
      {
        help: 'take one of the "extends" out',
      },
    );
    return own;
  }
  const base = findBase(read.service, written, file);
  if (base === undefined) return own;
  const below = extend(read.service, base.service, base.file, [...chain, here]);
  const merged = mergeTrees(below, own, ['services', name], findings);
  return merged.kind === 'map' ? { ...merged, at: service.at } : own;
}

/** The service that is extended, in this file or another. */
function findBase(
  name: string,
  written: Tree,
  file: OpenFile,
): { service: Mapping; file: OpenFile } | undefined {
  const other = valueAt(written, 'file');
  const opened =
    other?.kind === 'scalar' && typeof other.value === 'string'
      ? open(joinPath(other.folder, other.value), other.at, file)
      : file;
  if (opened === undefined) return undefined;
  const services = valueAt(opened.tree, 'services');
  const found = valueAt(services, name);
  if (found?.kind === 'map') return { service: found, file: opened };
  const known = services?.kind === 'map' ? [...services.entries.keys()] : [];
  const near = didYouMean(name, known);
  const at = valueAt(written, 'service')?.at ?? written.at;
  file.world.findings.error(
    'compose/unknown-service',
    `${opened.path} defines no service "${name}" to extend`,
    at,
    {
      notes: [`services there: ${known.join(', ')}`],
      help: near === undefined ? 'name one of those, or define it' : `did you mean "${near}"?`,
    },
  );
  return undefined;
}

/** Paths in another file count from its own folder. */
function open(path: string, at: Span, from: OpenFile): OpenFile | undefined {
  if (path === from.path) return from;
  const world = { ...from.world, folder: folderOf(path) };
  const tree = readFile(path, at, world);
  return tree === null ? undefined : { path, tree, world };
}
