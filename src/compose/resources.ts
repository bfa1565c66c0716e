import type { Findings } from './findings.ts';
import type { FileSource, NamedVolume, Network } from './model.ts';
import { pathOf } from './paths.ts';
import { anyText, fields, flag, keyed, listOf, mapOf, text, wrongType } from './shapes.ts';
import type { Located, Shape } from './shapes.ts';
import { isNothing, valueAt } from './tree.ts';
import type { Tree } from './tree.ts';

/** `external: true`, or the old `external: { name: … }`. */
const external: Shape<{ name: string | null } | false> = (tree, path, findings) => {
  if (tree.kind !== 'map') {
    const yes = flag(tree, path, findings);
    return yes === undefined ? undefined : yes && { name: null };
  }
  const read = fields({ name: text }, { of: 'external' })(tree, path, findings);
  return read && { name: read.name ?? null };
};

const volumeForm = fields(
  { name: text, external, driver: text, driver_opts: mapOf(anyText), labels: keyed() },
  { of: 'a named volume' },
);

/** An entry of the top-level `volumes`. */
export const namedVolume: Shape<NamedVolume> = (tree, path, findings) => {
  const read = isNothing(tree) ? {} : volumeForm(tree, path, findings);
  if (read === undefined) return undefined;
  onlyName(tree, path, findings, ['driver', 'driver_opts', 'labels']);
  const [isExternal, name] = externalName(read, path);
  return {
    name,
    external: isExternal,
    driver: read.driver ?? null,
    driverOptions: Object.fromEntries(read.driver_opts ?? []),
    labels: textsOf(read.labels),
  };
};

function textsOf(map: Map<string, Located<string | null>> | undefined): Record<string, string> {
  return Object.fromEntries([...(map ?? [])].map(([key, { value }]) => [key, value ?? '']));
}

/** An external thing without a name has that of its key. */
function externalName(
  read: { name?: string | undefined; external?: { name: string | null } | false | undefined },
  path: string,
): [isExternal: boolean, name: string | null] {
  if (!read.external) return [false, read.name ?? null];
  return [true, read.name ?? read.external.name ?? path.slice(path.indexOf('.') + 1)];
}

/** What exists outside cannot be described as well. */
function onlyName(tree: Tree, path: string, findings: Findings, others: string[]): void {
  const isExternal = valueAt(tree, 'external');
  if (
    isExternal === undefined ||
    isNothing(isExternal) ||
    (isExternal.kind === 'scalar' && isExternal.value === false)
  )
    return;
  for (const key of others) {
    if (tree.kind !== 'map' || isNothing(valueAt(tree, key))) continue;
    findings.error(
      'compose/conflict',
      `${path} is external, and has ${key}`,
      tree.entries.get(key)?.keyAt ?? tree.at,
      {
        notes: ['an external one exists already; Slipway only uses it'],
        help: `remove ${key}, or external`,
      },
    );
  }
}

const sharedAddresses = 'Slipway makes a network for each revision, and the engine chooses its addresses';

const poolForm = fields(
  { subnet: text },
  {
    of: 'an address pool',
    ignored: { ip_range: sharedAddresses, gateway: sharedAddresses, aux_addresses: sharedAddresses },
  },
);

const networkDriver: Shape<string> = (tree, path, findings) => {
  const written = text(tree, path, findings);
  if (written !== 'overlay') return written;
  return findings.error(
    'compose/refused',
    `${path}: overlay networks belong to Swarm, and the app runs on one engine`,
    tree.at,
    {
      help: 'take the driver out; containers of one host are joined by a bridge',
    },
  );
};

const networkForm = fields(
  {
    name: text,
    external,
    internal: flag,
    enable_ipv6: flag,
    driver: networkDriver,
    driver_opts: mapOf(anyText),
    labels: keyed(),
    ipam: fields(
      { config: listOf(poolForm) },
      { of: 'the addresses of a network', silent: ['driver'], ignored: { options: sharedAddresses } },
    ),
  },
  {
    of: 'a network',
    ignored: { attachable: 'it belongs to Swarm' },
    refused: { enable_ipv4: { reason: 'the router reaches containers by IPv4', help: 'take it out' } },
  },
);

/** An entry of the top-level `networks`. */
export const network: Shape<Network> = (tree, path, findings) => {
  const read = isNothing(tree) ? {} : networkForm(tree, path, findings);
  if (read === undefined) return undefined;
  onlyName(tree, path, findings, ['driver', 'driver_opts', 'labels', 'internal', 'ipam', 'enable_ipv6']);
  const [isExternal, name] = externalName(read, path);
  return {
    name,
    external: isExternal,
    internal: read.internal ?? false,
    ipv6: read.enable_ipv6 ?? false,
    driver: read.driver ?? null,
    driverOptions: Object.fromEntries(read.driver_opts ?? []),
    subnets: (read.ipam?.config ?? []).flatMap(({ subnet }) => (subnet === undefined ? [] : [subnet])),
    labels: textsOf(read.labels),
  };
};

const driver = {
  reason: 'it belongs to Swarm',
  help: "keep the value in Slipway's vault, and write external: true",
};

const sourceForm = fields(
  { name: text, file: text, environment: text, content: text, external },
  {
    of: 'a secret or config',
    ignored: { labels: 'secrets and configs are files, and files have no labels' },
    refused: { driver, driver_opts: driver, template_driver: driver },
  },
);

const origins = ['file', 'environment', 'content', 'external'] as const;

/** An entry of the top-level `secrets` or `configs`. */
export const fileSource: Shape<FileSource> = (tree, path, findings) => {
  const read = sourceForm(tree, path, findings);
  if (read === undefined) return undefined;
  const written = origins.filter((key) => read[key] !== undefined && read[key] !== false);
  if (written.length !== 1) {
    // What is refused or of another kind has been reported already.
    const others = [...origins, 'driver', 'template_driver'];
    if (written.length === 0 && tree.kind === 'map' && others.some((key) => tree.entries.has(key)))
      return undefined;
    const what =
      written.length === 0
        ? 'says nothing about where its content comes from'
        : `has both ${written.join(' and ')}`;
    return findings.error('compose/conflict', `${path} ${what}`, tree.at, {
      help: 'write one of file, environment, content or external: true',
    });
  }
  const file = valueAt(tree, 'file');
  if (read.file !== undefined && file?.kind === 'scalar')
    return { from: 'file', path: pathOf(file, read.file) };
  if (read.environment !== undefined) return { from: 'environment', variable: read.environment };
  if (read.content !== undefined) return { from: 'content', text: read.content };
  const [, name] = externalName(read, path);
  return name === null
    ? wrongType(tree, path, findings, 'a mapping', 'external: true')
    : { from: 'external', name };
};
