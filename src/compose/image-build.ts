import type { Findings } from './findings.ts';
import { grant } from './grants.ts';
import type { FileGrant, ImageBuild } from './model.ts';
import { joinPath, leavesRoot, pathOf } from './paths.ts';
import { badValue, bytes, fields, flag, keyed, listOf, text, wrongType } from './shapes.ts';
import type { Shape } from './shapes.ts';
import { extraHosts } from './service-texts.ts';
import { mapping, textOf, valueAt } from './tree.ts';
import type { Scalar, Tree } from './tree.ts';

const longForm = fields(
  {
    context: text,
    dockerfile: text,
    dockerfile_inline: text,
    args: keyed(),
    target: text,
    labels: keyed(),
    cache_from: listOf(text),
    no_cache: flag,
    network: text,
    platforms: listOf(text),
    secrets: listOf(grant('/run/secrets/')),
    shm_size: bytes,
    additional_contexts: keyed(),
    extra_hosts: extraHosts,
    pull: flag,
  },
  {
    of: 'a build',
    ignored: {
      cache_to: 'Slipway keeps the build cache on the host',
      tags: 'Slipway names the image by what is in it',
      provenance: 'Slipway writes the provenance of a release itself',
      sbom: 'Slipway writes the list of contents of a release itself',
      isolation: 'it is for Windows containers',
    },
    refused: {
      ssh: {
        reason: 'a server has no SSH agent to lend to a build',
        help: 'give the key as a build secret: secrets: [deploy_key], and RUN --mount=type=secret',
      },
      entitlements: {
        reason: 'builds get no privileges of the host',
        help: 'build that image elsewhere, and name it with "image"',
      },
      privileged: {
        reason: 'builds get no privileges of the host',
        help: 'build that image elsewhere, and name it with "image"',
      },
      ulimits: {
        reason: "builds run with the engine's own limits",
        help: 'set the limits in the engine, or take them out',
      },
    },
  },
);

/** `build`: a folder, or the long form. */
export const imageBuild: Shape<ImageBuild> = (tree, path, findings) => {
  if (tree.kind === 'scalar' && textOf(tree) === undefined)
    return wrongType(tree, path, findings, 'a folder or a mapping', 'build: .');
  const long =
    tree.kind === 'scalar' ? mapping([['context', { keyAt: tree.at, value: tree }]], tree.at) : tree;
  if (long.kind === 'map' && long.entries.size === 0) {
    return findings.error('compose/missing-key', `${path} says nothing of what is built`, tree.at, {
      help: 'write the folder of the Dockerfile: build: .',
    });
  }
  const read = longForm(long, path, findings);
  if (read === undefined) return undefined;
  if (read.dockerfile !== undefined && read.dockerfile_inline !== undefined) {
    findings.error(
      'compose/conflict',
      `${path} has both dockerfile and dockerfile_inline`,
      valueAt(long, 'dockerfile_inline')?.at ?? tree.at,
      { help: 'keep one of the two' },
    );
  }
  const written = valueAt(long, 'context');
  const context =
    written?.kind === 'scalar'
      ? folder(written, `${path}.context`, findings)
      : joinPath(firstFolder(long), '.');
  if (context === undefined) return undefined;
  return {
    context,
    dockerfile: read.dockerfile_inline === undefined ? (read.dockerfile ?? 'Dockerfile') : null,
    dockerfileInline: read.dockerfile_inline ?? null,
    args: Object.fromEntries([...(read.args ?? [])].map(([key, { value }]) => [key, value])),
    target: read.target ?? null,
    labels: Object.fromEntries([...(read.labels ?? [])].map(([key, { value }]) => [key, value ?? ''])),
    cacheFrom: read.cache_from ?? [],
    noCache: read.no_cache ?? false,
    network: read.network ?? null,
    platforms: read.platforms ?? [],
    secrets: (read.secrets ?? []) satisfies FileGrant[],
    shmSizeBytes: read.shm_size ?? null,
    additionalContexts: contexts(
      valueAt(long, 'additional_contexts'),
      `${path}.additional_contexts`,
      findings,
    ),
    extraHosts: read.extra_hosts ?? [],
    pull: read.pull ?? false,
    at: tree.at,
  };
};

function folder(tree: Scalar, path: string, findings: Findings): string | undefined {
  const written = textOf(tree);
  if (written === undefined) return undefined;
  const help = 'commit the files, and write their folder, such as "."';
  if (/^[a-z][a-z0-9+.-]*:\/\/|^git@|^github\.com\//.test(written))
    return badValue(`${path}: "${written}" is not in the commit`, tree.at, findings, help, [
      'a release is made of one commit and nothing beside it',
    ]);
  const joined = pathOf(tree, written);
  if (!joined.startsWith('/') && !leavesRoot(joined)) return joined;
  return badValue(`${path}: "${written}" is outside the project's folder`, tree.at, findings, help, [
    'a release holds the files of the commit and nothing beside it',
  ]);
}

/** Folders are seen from the root; what has a scheme stays. */
function contexts(tree: Tree | undefined, path: string, findings: Findings): Record<string, string> {
  if (tree === undefined) return {};
  const found: Record<string, string> = {};
  const folderOf = tree.kind === 'map' ? (key: string) => valueAt(tree, key) : () => tree;
  for (const [key, { value, at }] of keyed()(tree, path, findings) ?? []) {
    if (value === null) continue;
    const origin = folderOf(key);
    const scalar: Scalar = {
      kind: 'scalar',
      value,
      at,
      folder: origin?.kind === 'scalar' ? origin.folder : firstFolder(tree),
    };
    const seen = /^[a-z][a-z0-9+.-]*:/.test(value) ? value : folder(scalar, `${path}.${key}`, findings);
    if (seen !== undefined) found[key] = seen;
  }
  return found;
}

function firstFolder(tree: Tree): string {
  if (tree.kind === 'scalar') return tree.folder;
  const inner = tree.kind === 'list' ? tree.items : [...tree.entries.values()].map(({ value }) => value);
  return inner[0] ? firstFolder(inner[0]) : '';
}
