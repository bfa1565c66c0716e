import type { Findings } from './findings.ts';
import type { Entry, Mapping, Tree } from './tree.ts';

/** Texts that stand in variables for values that are for containers alone. */
export interface StandIns {
  /** The text as Slipway itself reads and keeps it: values in place of what stands for them, except for secrets. */
  opened: (text: string) => string;
  /** Names of the secrets that something in the text stands for. */
  secretsIn: (text: string) => string[];
}

/** For variables that are all what they say. */
export const noStandIns: StandIns = { opened: (text) => text, secretsIn: () => [] };

/** What containers alone read, by path; values take their place here when a container starts. */
const forContainers = new Set([
  'services.*.annotations',
  // A value here stays in the image, so whoever reads the project must see that one is meant.
  'services.*.build.args',
  'services.*.command',
  'services.*.deploy.labels',
  'services.*.entrypoint',
  'services.*.environment',
  'services.*.healthcheck.test',
  'services.*.labels',
  'services.*.logging.options',
  ...['pre_start', 'post_start', 'pre_stop'].flatMap((hook) => [
    `services.*.${hook}.command`,
    `services.*.${hook}.environment`,
  ]),
  'configs.*.content',
]);

/** Keys of the user's own stand at the top and in services; nobody but their anchors' aliases reads them. */
function isForContainers(path: readonly string[]): boolean {
  if ((path.length === 1 || path.length === 3) && path.at(-1)?.startsWith('x-')) return true;
  return forContainers.has(path.map((key, index) => (index === 1 ? '*' : key)).join('.'));
}

/** A file with values in place of their stand-ins wherever something else than a container reads them. */
export function withOpened(file: Mapping, { opened }: StandIns): Mapping {
  return openMapping(file, [], opened);
}

function openMapping(tree: Mapping, path: readonly string[], opened: StandIns['opened']): Mapping {
  const entries = [...tree.entries].map(([key, entry]): [string, Entry] => [
    key,
    { ...entry, value: open(entry.value, [...path, key], opened) },
  ]);
  return { ...tree, entries: new Map(entries) };
}

function open(tree: Tree, path: readonly string[], opened: StandIns['opened']): Tree {
  if (isForContainers(path)) return tree;
  if (tree.kind === 'map') return openMapping(tree, path, opened);
  if (tree.kind === 'list') return { ...tree, items: tree.items.map((item) => open(item, path, opened)) };
  return typeof tree.value === 'string' ? { ...tree, value: opened(tree.value) } : tree;
}

/**
 * Reports each secret that stands where Slipway itself reads: what is read there is kept and shown.
 *
 * @returns Whether there was none.
 */
export function noSecretKept(
  tree: Tree,
  path: readonly string[],
  world: { standIns: StandIns; findings: Findings },
): boolean {
  if (isForContainers(path)) return true;
  if (tree.kind !== 'scalar') {
    const inner: (readonly [readonly string[], Tree])[] =
      tree.kind === 'list'
        ? tree.items.map((item) => [path, item])
        : [...tree.entries].map(([key, { value }]) => [[...path, key], value]);
    return inner.map(([keys, value]) => noSecretKept(value, keys, world)).every(Boolean);
  }
  const names = typeof tree.value === 'string' ? world.standIns.secretsIn(tree.value) : [];
  for (const name of names) {
    world.findings.error(
      'compose/secret-in-clear',
      `${path.join('.')} holds the secret "${name}", and what stands here is kept and shown in clear`,
      tree.at,
      { help: `write it plainly, or set ${name} in the env-file of the environment, not in its secrets` },
    );
  }
  return names.length === 0;
}
