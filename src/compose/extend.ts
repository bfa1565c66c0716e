import type { Span } from '../diagnostics/index.ts';
import { didYouMean } from '../diagnostics/index.ts';
import { mergeTrees } from './merge.ts';
import { folderOf, joinPath } from './paths.ts';
import { readFile, type FilesWorld } from './read-file.ts';
import { fields, text } from './shapes.ts';
import { isNothing, mapping, valueAt } from './tree.ts';
import type { Mapping, Tree } from './tree.ts';

/** A file with what its services extend put below them; those that cannot be extended keep the key. */
export function withExtended(tree: Mapping, path: string, world: FilesWorld): Mapping {
  const services = tree.entries.get('services');
  if (services?.value.kind !== 'map') return tree;
  const extender = new Extender();
  const file: OpenFile = { path, tree, world };
  const extended = [...services.value.entries].map(([name, entry]) => {
    const value = entry.value.kind === 'map' ? extender.extend(name, entry.value, file, []) : entry.value;
    return [name, { ...entry, value }] as const;
  });
  const value = { ...services.value, ...mapping(extended, services.value.at) };
  return { ...tree, entries: new Map(tree.entries).set('services', { ...services, value }) };
}

/** A file whose services are being extended. */
interface OpenFile {
  path: string;
  tree: Mapping;
  world: FilesWorld;
}

const longForm = fields({ service: text, file: text }, { of: 'extends' });

/** Extends the services of one file; remembers those it has been through, and the files it has read. */
class Extender {
  readonly #done = new Map<Mapping, Mapping>();
  readonly #files = new Map<string, OpenFile | undefined>();

  /** @param chain - The services that extend this one, outermost first. */
  extend(name: string, service: Mapping, file: OpenFile, chain: readonly string[]): Mapping {
    const done = this.#done.get(service);
    if (done) return done;
    const extended = this.#extended(name, service, file, chain);
    this.#done.set(service, extended);
    return extended;
  }

  #extended(name: string, service: Mapping, file: OpenFile, chain: readonly string[]): Mapping {
    const { findings } = file.world;
    const written = valueAt(service, 'extends');
    if (written === undefined || isNothing(written)) return service;
    const base = this.#base(`services.${name}.extends`, written, file);
    if (base === undefined) return service;
    const here = `${file.path}: ${name}`;
    if (chain.includes(here)) {
      const circle = [...chain.slice(chain.indexOf(here)), here].join(' → ');
      findings.error('compose/cycle', `services extend each other: ${circle}`, written.at, {
        help: 'take one of the "extends" out',
      });
      return service;
    }
    const below = this.extend(base.name, base.service, base.file, [...chain, here]);
    const own = [...service.entries].filter(([key]) => key !== 'extends');
    const merged = mergeTrees(below, { ...service, entries: new Map(own) }, ['services', name], findings);
    return merged.kind === 'map' ? { ...merged, at: service.at } : service;
  }

  /** The service that is extended, in this file or another. */
  #base(
    path: string,
    written: Tree,
    file: OpenFile,
  ): { name: string; service: Mapping; file: OpenFile } | undefined {
    const { findings } = file.world;
    const read =
      written.kind === 'map' ? longForm(written, path, findings) : { service: text(written, path, findings) };
    const name = read?.service;
    if (name === undefined) {
      if (read !== undefined && written.kind === 'map' && !written.entries.has('service'))
        findings.error('compose/missing-key', `${path} has no service`, written.at, {
          help: 'add "service: NAME"',
        });
      return undefined;
    }
    const opened = this.#fileOf(valueAt(written, 'file'), file);
    if (opened === undefined) return undefined;
    const services = valueAt(opened.tree, 'services');
    const service = valueAt(services, name);
    if (service?.kind === 'map') return { name, service, file: opened };
    const known = services?.kind === 'map' ? [...services.entries.keys()] : [];
    const near = didYouMean(name, known);
    const at = valueAt(written, 'service')?.at ?? written.at;
    return findings.error(
      'compose/unknown-service',
      `${opened.path} defines no service "${name}" to extend`,
      at,
      {
        notes: [`services there: ${known.join(', ')}`],
        help: near === undefined ? 'name one of those, or define it' : `did you mean "${near}"?`,
      },
    );
  }

  #fileOf(written: Tree | undefined, from: OpenFile): OpenFile | undefined {
    if (written?.kind !== 'scalar' || typeof written.value !== 'string') return from;
    const path = joinPath(written.folder, written.value);
    if (path === from.path) return from;
    if (!this.#files.has(path)) this.#files.set(path, this.#open(path, written.at, from));
    return this.#files.get(path);
  }

  /** Paths in another file count from its own folder. */
  #open(path: string, at: Span, from: OpenFile): OpenFile | undefined {
    const world = { ...from.world, folder: folderOf(path) };
    const tree = readFile(path, at, world);
    return tree === null ? undefined : { path, tree, world };
  }
}
