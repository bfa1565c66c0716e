import type { Findings } from './findings.ts';
import type { Mount } from './model.ts';
import { leavesRoot, pathOf } from './paths.ts';
import { badValue, bytes, fields, fileMode, flag, keyed, oneOf, text, wrongType } from './shapes.ts';
import type { Shape } from './shapes.ts';
import type { Scalar, Tree } from './tree.ts';
import { valueAt } from './tree.ts';
import { parseBytes } from './units.ts';

const propagations = ['shared', 'rshared', 'slave', 'rslave', 'private', 'rprivate'];

/** Words behind the last colon of the short form. */
const modes = [
  'ro',
  'rw',
  'z',
  'Z',
  'nocopy',
  'volume-nocopy',
  'cached',
  'delegated',
  'consistent',
  ...propagations,
];

/** One item of `volumes`: `[SOURCE:]TARGET[:MODE]` or the long form. */
export const mount: Shape<Mount> = (tree, path, findings) => {
  if (tree.kind === 'map') return longMount(tree, path, findings);
  if (tree.kind === 'list' || typeof tree.value !== 'string' || tree.value === '')
    return wrongType(tree, path, findings, 'a volume', '- data:/var/lib/data');
  return shortMount(tree.value, tree, path, findings);
};

/** Source, target and mode words of the short form; null when it is none. */
export function splitShortMount(
  written: string,
): { source: string | null; target: string; words: string[] } | null {
  const parts = written.split(':');
  if (parts.length > 3 || parts.some((part) => part === '')) return null;
  const [first = '', second, third] = parts;
  if (second === undefined) return { source: null, target: first, words: [] };
  const words = third?.split(',') ?? [];
  const isMode = !second.startsWith('/') && second.split(',').every((word) => modes.includes(word));
  if (third === undefined && isMode && first.startsWith('/'))
    return { source: null, target: first, words: second.split(',') };
  return { source: first, target: second, words };
}

function shortMount(written: string, tree: Scalar, path: string, findings: Findings): Mount | undefined {
  const split = splitShortMount(written);
  const unknown = split?.words.find((word) => !modes.includes(word));
  if (split === null || unknown !== undefined) {
    const why = split === null ? 'is not a volume' : `has the mode "${unknown}", which there is not`;
    return badValue(
      `${path}: "${written}" ${why}`,
      tree.at,
      findings,
      'write SOURCE:TARGET, or SOURCE:TARGET:ro',
      [`modes: ${modes.join(', ')}`],
    );
  }
  const { source, target, words } = split;
  if (!isAbsolute(target, tree, path, findings)) return undefined;
  const readOnly = words.includes('ro');
  const noCopy = words.includes('nocopy') || words.includes('volume-nocopy');
  if (source === null || !/^[./~]/.test(source))
    return { kind: 'volume', source, target: trimmed(target), readOnly, noCopy, subpath: null, at: tree.at };
  const from = bindSource(source, tree, path, findings);
  if (from === undefined) return undefined;
  return {
    kind: 'bind',
    source: from,
    target: trimmed(target),
    readOnly,
    createHostPath: true,
    propagation: words.find((word) => propagations.includes(word)) ?? null,
    selinux: words.includes('z') ? 'z' : words.includes('Z') ? 'Z' : null,
    at: tree.at,
  };
}

/** Targets are compared, so `/data/` is `/data`. */
const trimmed = (target: string) => (target.length > 1 ? target.replace(/\/+$/, '') : target);

function isAbsolute(target: string, tree: Tree, path: string, findings: Findings): boolean {
  if (target.startsWith('/')) return true;
  badValue(
    `${path}: "${target}" is not an absolute path in the container`,
    tree.at,
    findings,
    'begin the path in the container with "/"',
  );
  return false;
}

function bindSource(source: string, tree: Scalar, path: string, findings: Findings): string | undefined {
  if (source.startsWith('~')) {
    return badValue(
      `${path}: "${source}" is in a home folder, and the host may have several`,
      tree.at,
      findings,
      'write the whole path, or use a named volume',
    );
  }
  const joined = pathOf(tree, source);
  if (!leavesRoot(joined)) return joined;
  return badValue(
    `${path}: "${source}" is outside the project's folder`,
    tree.at,
    findings,
    'write an absolute path of the host, or use a named volume',
    ['a release holds the files of the commit and nothing beside it'],
  );
}

const longForm = fields(
  {
    type: oneOf(['volume', 'bind', 'tmpfs', 'image', 'npipe', 'cluster']),
    source: text,
    target: text,
    read_only: flag,
    bind: fields(
      { propagation: oneOf(propagations), create_host_path: flag, selinux: oneOf(['z', 'Z']) },
      {
        of: 'a bind mount',
        refused: {
          recursive: { reason: 'Slipway mounts with all that is mounted below', help: 'take it out' },
        },
      },
    ),
    volume: fields(
      { nocopy: flag, subpath: text },
      { of: 'a volume mount', ignored: { labels: 'labels belong to the volume itself' } },
    ),
    tmpfs: fields({ size: bytes, mode: fileMode }, { of: 'a tmpfs mount' }),
    image: keyed(),
  },
  { of: 'a volume', silent: ['consistency'] },
);

function longMount(tree: Tree, path: string, findings: Findings): Mount | undefined {
  const read = longForm(tree, path, findings);
  if (read === undefined) return undefined;
  const { type, target, source } = read;
  if (type === undefined || target === undefined) {
    const key = type === undefined ? 'type' : 'target';
    if (valueAt(tree, key) === undefined)
      findings.error('compose/missing-key', `${path} has no ${key}`, tree.at, {
        help: `add "${key}:" to it`,
      });
    return undefined;
  }
  if (type !== 'volume' && type !== 'bind' && type !== 'tmpfs')
    return refusedType(type, tree, path, findings);
  if (!isAbsolute(target, tree, path, findings)) return undefined;
  const common = { target: trimmed(target), readOnly: read.read_only ?? false, at: tree.at };
  if (type === 'tmpfs')
    return {
      kind: 'tmpfs',
      target: common.target,
      sizeBytes: read.tmpfs?.size ?? null,
      mode: read.tmpfs?.mode ?? null,
      options: read.read_only ? ['ro'] : [],
      at: tree.at,
    };
  if (type === 'volume') {
    const { nocopy = false, subpath = null } = read.volume ?? {};
    return { kind: 'volume', ...common, source: source ?? null, noCopy: nocopy, subpath };
  }
  const sourceTree = valueAt(tree, 'source');
  if (source === undefined || sourceTree?.kind !== 'scalar') {
    return findings.error('compose/missing-key', `${path} has no source`, tree.at, {
      help: 'add the folder of the host, such as "source: ./data"',
    });
  }
  const from = bindSource(source, sourceTree, path, findings);
  if (from === undefined) return undefined;
  const { propagation = null, create_host_path: createHostPath = true, selinux = null } = read.bind ?? {};
  return { kind: 'bind', ...common, source: from, createHostPath, propagation, selinux };
}

function refusedType(type: string, tree: Tree, path: string, findings: Findings): undefined {
  const reasons: Record<string, string> = {
    image: 'the files of another image cannot be mounted; copy them while building: COPY --from=IMAGE',
    npipe: 'named pipes exist on Windows only; mount the socket of Linux as a bind',
    cluster: 'cluster volumes belong to Swarm; use a volume with a driver',
  };
  const [reason = '', help = ''] = (reasons[type] ?? '').split('; ');
  return findings.error('compose/refused', `${path}: ${reason}`, valueAt(tree, 'type')?.at ?? tree.at, {
    help,
  });
}

/** One item of `tmpfs`: `/path` or `/path:size=64m,mode=1777,…`. */
export const tmpfs: Shape<Mount> = (tree, path, findings) => {
  const written = text(tree, path, findings);
  if (written === undefined) return undefined;
  const [target = '', all = ''] = written.split(/:(.*)/s);
  if (!isAbsolute(target, tree, path, findings)) return undefined;
  const options = all.split(',').filter((option) => option !== '');
  const valueOf = (key: string) =>
    options.find((option) => option.startsWith(`${key}=`))?.slice(key.length + 1);
  const [size, mode] = [valueOf('size'), valueOf('mode')];
  const sizeBytes = size === undefined ? null : parseBytes(size);
  if (size !== undefined && sizeBytes === null)
    return badValue(`${path}: "${size}" is not a size`, tree.at, findings, 'write it as size=64m');
  if (mode !== undefined && !/^[0-7]{3,5}$/.test(mode))
    return badValue(`${path}: "${mode}" is not a file mode`, tree.at, findings, 'write it as mode=1777');
  return {
    kind: 'tmpfs',
    target: trimmed(target),
    sizeBytes,
    mode: mode === undefined ? null : Number.parseInt(mode, 8),
    options: options.filter((option) => !/^(?:size|mode)=/.test(option)),
    at: tree.at,
  };
};
