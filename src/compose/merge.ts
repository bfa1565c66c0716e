import { unreachable } from '../diagnostics/index.ts';
import type { Findings } from './findings.ts';
import { splitShortMount } from './service-mounts.ts';
import { keyedEntries } from './shapes.ts';
import { inWords, isNothing, mapping, plain, printed, textOf, valueAt } from './tree.ts';
import type { Entry, List, Mapping, Tree } from './tree.ts';

/** How the values of a key come together; without a rule mappings merge, lists append, and other values replace. */
type Rule =
  /** The later one as it is. */
  | { kind: 'replace' }
  /** `NAME: value` or a list of `NAME=value`: by name. */
  | { kind: 'keyed'; separators: string }
  /** One value or a list: appended. */
  | { kind: 'texts' }
  /** A list of names, or a mapping from names; a name in a list stands for `short`. */
  | { kind: 'names'; short: Record<string, string> | null }
  /** Items with the same key replace each other. */
  | { kind: 'unique'; key: (item: Tree) => string | undefined }
  /** A text is short for a mapping with this key. */
  | { kind: 'short-for'; key: string }
  /** Merged only if both name the same driver, or one none. */
  | { kind: 'logging' };

const keyed: Rule = { kind: 'keyed', separators: '=' };
const texts: Rule = { kind: 'texts' };
const replace: Rule = { kind: 'replace' };

const portKey = (item: Tree): string | undefined => {
  if (item.kind === 'scalar') return printed(item);
  const part = (key: string) => {
    const value = valueAt(item, key);
    return value?.kind === 'scalar' ? printed(value) : '';
  };
  return `${part('host_ip')}:${part('published')}:${part('target')}/${part('protocol')}`;
};

const mountKey = (item: Tree): string | undefined =>
  item.kind === 'map' ? textOf(valueAt(item, 'target')) : splitShortMount(textOf(item) ?? '')?.target;

const grantKey = (item: Tree): string | undefined =>
  item.kind === 'map' ? (textOf(valueAt(item, 'target')) ?? textOf(valueAt(item, 'source'))) : textOf(item);

const itself = (item: Tree): string | undefined => (item.kind === 'scalar' ? printed(item) : undefined);

/** Rules by path; `*` stands for any name. */
const rules: Record<string, Rule> = {
  'services.*.annotations': keyed,
  'services.*.build': { kind: 'short-for', key: 'context' },
  'services.*.build.additional_contexts': keyed,
  'services.*.build.args': keyed,
  'services.*.build.extra_hosts': { kind: 'keyed', separators: ':=' },
  'services.*.build.labels': keyed,
  'services.*.command': replace,
  'services.*.configs': { kind: 'unique', key: grantKey },
  'services.*.depends_on': { kind: 'names', short: { condition: 'service_started' } },
  'services.*.deploy.labels': keyed,
  'services.*.dns': texts,
  'services.*.dns_opt': texts,
  'services.*.dns_search': texts,
  'services.*.entrypoint': replace,
  'services.*.env_file': texts,
  'services.*.environment': keyed,
  'services.*.expose': { kind: 'unique', key: itself },
  'services.*.extra_hosts': { kind: 'keyed', separators: ':=' },
  'services.*.healthcheck.test': replace,
  'services.*.label_file': texts,
  'services.*.labels': keyed,
  'services.*.logging': { kind: 'logging' },
  'services.*.networks': { kind: 'names', short: null },
  'services.*.ports': { kind: 'unique', key: portKey },
  'services.*.secrets': { kind: 'unique', key: grantKey },
  'services.*.sysctls': keyed,
  'services.*.tmpfs': texts,
  'services.*.ulimits.*': replace,
  'services.*.volumes': { kind: 'unique', key: mountKey },
  'networks.*.labels': keyed,
  'volumes.*.labels': keyed,
};

function ruleOf(path: readonly string[]): Rule | undefined {
  const spelt = path.join('.');
  const starred = path.map((part, index) =>
    index === 1 || (index === 3 && path[2] === 'ulimits') ? '*' : part,
  );
  return rules[starred.join('.')] ?? rules[spelt];
}

/**
 * Puts a later file over an earlier one: `!reset` takes a key away, `!override` replaces it, and the rest follows the
 * rules of the key.
 *
 * @param path - Keys from the root to here.
 * @see Compose Specification, "Merge"
 */
export function mergeTrees(base: Tree, over: Tree, path: readonly string[], findings: Findings): Tree {
  if (over.tag === 'override') return settled(over);
  const rule = ruleOf(path);
  if (rule?.kind === 'replace') return settled(over);
  if (isNothing(over)) return base;
  if (isNothing(base)) return settled(over);
  if (rule !== undefined) return mergeByRule(rule, base, over, path, findings);
  if (base.kind === 'map' && over.kind === 'map') return mergeMappings(base, over, path, findings);
  if (base.kind === 'list' && over.kind === 'list') return appended(base.items, over);
  if (base.kind === 'scalar' && over.kind === 'scalar') return over;
  findings.error(
    'compose/wrong-type',
    `${path.join('.')} is ${inWords(over)} here, and ${inWords(base)} in the file below`,
    over.at,
    {
      notes: [`it comes over ${base.at.file}:${base.at.start.line}`],
      help: 'write both in one form, or put !override before this value to replace the other',
    },
  );
  return base;
}

/** A tree without what `!reset` takes away. */
export function settled(tree: Tree): Tree {
  if (tree.kind !== 'map') return tree;
  if (![...tree.entries.values()].some(({ value }) => value.kind === 'map' || value.tag !== undefined))
    return tree;
  const kept = [...tree.entries].filter(([, { value }]) => value.tag !== 'reset');
  return {
    ...tree,
    entries: new Map(kept.map(([key, entry]) => [key, { ...entry, value: settled(entry.value) }])),
  };
}

function mergeMappings(base: Mapping, over: Mapping, path: readonly string[], findings: Findings): Mapping {
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    if (entry.value.tag === 'reset') entries.delete(key);
    else if (below === undefined || key.startsWith('x-'))
      entries.set(key, { ...entry, value: settled(entry.value) });
    else
      entries.set(key, {
        keyAt: below.keyAt,
        value: mergeTrees(below.value, entry.value, [...path, key], findings),
      });
  }
  return { ...base, entries };
}

function mergeByRule(rule: Rule, base: Tree, over: Tree, path: readonly string[], findings: Findings): Tree {
  switch (rule.kind) {
    case 'replace':
      return settled(over);
    case 'texts':
      return appended(items(base), { kind: 'list', items: items(over), at: over.at });
    case 'keyed':
      if (rule.separators !== '=') return uniqueLines(base, over);
      return byKey(keyedEntries(base), keyedEntries(over), base);
    case 'names':
      return mergeMappings(
        namesToMapping(base, rule.short),
        namesToMapping(over, rule.short),
        path,
        findings,
      );
    case 'unique':
      if (base.kind !== 'list' || over.kind !== 'list') return over;
      return uniqueItems(appended(base.items, over), rule.key);
    case 'short-for':
      return mergeMappings(longForm(base, rule.key), longForm(over, rule.key), path, findings);
    case 'logging':
      return mergeLogging(base, over, path, findings);
    default:
      return unreachable(rule);
  }
}

function items(tree: Tree): Tree[] {
  return tree.kind === 'list' ? tree.items : [tree];
}

function appended(first: Tree[], { items, at }: List): List {
  return { kind: 'list', items: [...first, ...items], at };
}

function byKey(base: Map<string, Entry>, over: Map<string, Entry>, tree: Tree): Mapping {
  for (const [key, entry] of over) {
    if (entry.value.tag === 'reset') base.delete(key);
    else base.set(key, entry);
  }
  return mapping(base, tree.at);
}

/** One host may have several addresses, so only the same pair is the same line. */
function uniqueLines(base: Tree, over: Tree): List {
  const lines = [base, over].flatMap((tree): Tree[] => {
    if (tree.kind !== 'map') return items(tree);
    return [...tree.entries].flatMap(([host, { value }]) =>
      items(value).map((address) =>
        address.kind === 'scalar' ? { ...address, value: `${host}=${printed(address)}` } : address,
      ),
    );
  });
  const list: List = { kind: 'list', items: lines, at: over.at };
  return uniqueItems(list, (item) => itself(item)?.replace(/[:=]/, '='));
}

/** Later items win, at the place of the first with their key. */
function uniqueItems(list: List, key: (item: Tree) => string | undefined): List {
  const found = new Map<string, Tree>();
  for (const [index, item] of list.items.entries()) found.set(key(item) ?? `#${index}`, item);
  return { ...list, items: [...found.values()] };
}

function namesToMapping(tree: Tree, short: Record<string, string> | null): Mapping {
  if (tree.kind === 'map') return tree;
  return mapping(
    items(tree).flatMap((item) => {
      const name = textOf(item);
      return name === undefined ? [] : [[name, { keyAt: item.at, value: shortFor(short, item) }] as const];
    }),
    tree.at,
  );
}

function shortFor(short: Record<string, string> | null, { at }: Tree): Tree {
  const scalar = (value: string | null): Tree => ({ kind: 'scalar', value, folder: '', at });
  if (short === null) return scalar(null);
  return mapping(
    Object.entries(short).map(([key, value]) => [key, { keyAt: at, value: scalar(value) }] as const),
    at,
  );
}

function longForm(tree: Tree, key: string): Mapping {
  return tree.kind === 'map' ? tree : mapping([[key, { keyAt: tree.at, value: tree }]], tree.at);
}

function mergeLogging(base: Tree, over: Tree, path: readonly string[], findings: Findings): Tree {
  if (base.kind !== 'map' || over.kind !== 'map') return over;
  const [below, above] = [valueAt(base, 'driver'), valueAt(over, 'driver')];
  const same = below === undefined || above === undefined || plain(below) === plain(above);
  return same ? mergeMappings(base, over, path, findings) : settled(over);
}
