import type { Span } from '../diagnostics/index.ts';
import { readEnvText } from './dot-env.ts';
import { withExtended } from './extend.ts';
import type { Findings } from './findings.ts';
import { mergeTrees } from './merge.ts';
import { folderOf, joinPath } from './paths.ts';
import { readFile, type FilesWorld } from './read-file.ts';
import { fields, listOf, texts, text, wrongType } from './shapes.ts';
import type { Shape } from './shapes.ts';
import { isNothing, mapping, plain, valueAt } from './tree.ts';
import type { Entry, Mapping, Tree } from './tree.ts';

/** Files that one project may come to. */
const mostIncludes = 100;

/** Reads the files of a project, each over the one before it, with what they extend and include. */
export function loadFiles(files: readonly { path: string; at: Span }[], world: FilesWorld): Mapping | null {
  let merged: Mapping | null = null;
  for (const { path, at } of files) {
    const tree = loadFile(path, at, world);
    if (tree === null) continue;
    const below: Mapping = merged ?? mapping([], tree.at);
    const over = mergeTrees(below, tree, [], world.findings);
    if (over.kind === 'map') merged = over;
  }
  return merged;
}

function loadFile(path: string, at: Span, world: FilesWorld): Mapping | null {
  const tree = readFile(path, at, world);
  if (tree === null) return null;
  const extended = withExtended(tree, path, world);
  const included = { ...world, includedBy: [...world.includedBy, path] };
  const { findings } = world;
  const list = valueAt(extended, 'include');
  const parts =
    isNothing(list) || list === undefined
      ? []
      : (listOf(includeShape(included))(list, 'include', findings) ?? []);
  return parts.reduce<Mapping>(
    (whole, part) => (part === null ? whole : withIncluded(whole, part, findings)),
    extended,
  );
}

const longInclude = fields({ path: texts, project_directory: text, env_file: texts }, { of: 'an include' });

/** One item of `include`, loaded. */
const includeShape =
  (world: FilesWorld): Shape<Mapping | null> =>
  (tree, path, findings) => {
    if (tree.kind === 'list')
      return wrongType(tree, path, findings, 'a path or a mapping', '- other/compose.yaml');
    const read =
      tree.kind === 'map' ? longInclude(tree, path, findings) : { path: texts(tree, path, findings) };
    if (read?.path === undefined) {
      if (tree.kind === 'map' && !tree.entries.has('path'))
        findings.error('compose/missing-key', `${path} has no path`, tree.at, {
          help: 'add "path: other/compose.yaml"',
        });
      return undefined;
    }
    const seen = (written: string) => joinPath(world.folder, written);
    const files = read.path.map((written) => ({ path: seen(written), at: tree.at }));
    const again = files.find((file) => world.includedBy.includes(file.path));
    if (again !== undefined || world.includedBy.length > mostIncludes) {
      const chain = [...world.includedBy, again?.path ?? '…'].join(' → ');
      return findings.error('compose/cycle', `files include each other: ${chain}`, tree.at, {
        help: 'take one of the includes out',
      });
    }
    const { project_directory: written, env_file: envFiles } = {
      project_directory: undefined,
      env_file: undefined,
      ...read,
    };
    const folder = written === undefined ? folderOf(files[0]?.path ?? '') : withoutDot(seen(written));
    const values = includedValues(envFiles?.map(seen), folder, tree, world);
    return loadFiles(files, { ...world, folder, lookup: (name) => world.lookup(name) ?? values.get(name) });
  };

const withoutDot = (folder: string) => (folder === '.' ? '' : folder);

/** Variables of an included project's own env files; those of the project around it win. */
function includedValues(
  paths: string[] | undefined,
  folder: string,
  tree: Tree,
  world: FilesWorld,
): Map<string, string> {
  const { sources, findings, lookup } = world;
  const values = new Map<string, string>();
  for (const path of paths ?? [joinPath(folder, '.env')]) {
    const text = sources.read(path);
    if (text !== null) {
      const read = readEnvText({ path, text, lookup: (name) => lookup(name) ?? values.get(name) }, findings);
      for (const [name, value] of read) values.set(name, value);
    } else if (paths !== undefined) {
      findings.error('compose/no-file', `there is no file ${path}`, tree.at, {
        help: 'commit it, or take it out of env_file',
      });
    }
  }
  return values;
}

const shared = ['services', 'networks', 'volumes', 'secrets', 'configs'];

/** Puts what another file defines beside one's own; the same name for different things is a mistake. */
function withIncluded(tree: Mapping, part: Mapping, findings: Findings): Mapping {
  const entries = new Map(tree.entries);
  for (const section of shared) {
    const more = valueAt(part, section);
    if (more?.kind !== 'map') continue;
    const own = entries.get(section);
    const found = new Map<string, Entry>(own?.value.kind === 'map' ? own.value.entries : []);
    for (const [name, entry] of more.entries) {
      const other = found.get(name);
      if (other === undefined) found.set(name, entry);
      else if (!sameTree(other.value, entry.value))
        reportTwice(section, name, other.keyAt, entry.keyAt, findings);
    }
    entries.set(section, { keyAt: own?.keyAt ?? more.at, value: mapping(found, own?.value.at ?? more.at) });
  }
  return { ...tree, entries };
}

function sameTree(one: Tree, other: Tree): boolean {
  return JSON.stringify(plain(one)) === JSON.stringify(plain(other));
}

function reportTwice(section: string, name: string, at: Span, other: Span, findings: Findings): void {
  findings.error(
    'compose/conflict',
    `${section}.${name} is defined here and in an included file, differently`,
    at,
    {
      notes: [`also defined in ${other.file}:${other.start.line}`],
      help: 'rename one of the two, or change it in an override file',
    },
  );
}
