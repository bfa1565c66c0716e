import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';

/** Code names of long-term lines, by major. */
const ltsNames: Record<string, number> = {
  argon: 4,
  boron: 6,
  carbon: 8,
  dubnium: 10,
  erbium: 12,
  fermium: 14,
  gallium: 16,
  hydrogen: 18,
  iron: 20,
  jod: 22,
  krypton: 24,
};

/** The month of a line's first year in which it becomes long-term; even majors appear each April, and 24 did in 2025. */
const ltsMonth = 9;

/** What a workflow may ask for: a range, or a line by name. */
export type NodeRequest =
  { kind: 'range'; range: string } | { kind: 'lts'; offset: number } | { kind: 'latest' };

/**
 * Reads what `node-version` or a version file says: `24`, `24.x`, `>=22 <25`, `v24.9.0`, `lts/*`, `lts/jod`, `lts/-1`,
 * `latest`, `node`.
 *
 * @throws CodedError `runner/node-version` for an unknown alias
 */
export function parseNodeRequest(text: string): NodeRequest {
  const wanted = text.trim().toLowerCase();
  if (wanted === 'latest' || wanted === 'node' || wanted === 'current') return { kind: 'latest' };
  const alias = /^lts\/(.+)$/.exec(wanted)?.[1];
  if (alias === undefined) return { kind: 'range', range: wanted.replace(/^v(?=\d)/, '') };
  if (alias === '*') return { kind: 'lts', offset: 0 };
  if (/^-\d+$/.test(alias)) return { kind: 'lts', offset: -Number(alias) };
  const major = Object.hasOwn(ltsNames, alias) ? ltsNames[alias] : undefined;
  if (major !== undefined) return { kind: 'range', range: `${major}.x` };
  throw new CodedError('runner/node-version', `there is no long-term line "${alias}" of Node.js`, {
    notes: [
      `known: lts/*, lts/-n, ${Object.keys(ltsNames)
        .map((name) => `lts/${name}`)
        .join(', ')}`,
    ],
  });
}

/** Majors that are or were long-term lines at that moment, newest first. */
export function ltsMajors(majors: Iterable<number>, now: Date): number[] {
  const isLts = (major: number) => {
    if (major < 4 || major % 2 === 1) return false;
    return now.getTime() >= Date.UTC(2025 + (major - 24) / 2, ltsMonth, 28);
  };
  return [...new Set(majors)].filter(isLts).sort((a, b) => b - a);
}

/**
 * The version that a file asks for: `.nvmrc`, `.node-version`, `.tool-versions` or `package.json`.
 *
 * @returns Null when the file says nothing.
 * @throws CodedError `runner/node-version-file` when it cannot be read
 */
export function readVersionFile(path: string): string | null {
  const text = readText(path);
  if (!path.endsWith('.json')) return plainVersion(text);
  let manifest: Manifest;
  try {
    manifest = JSON.parse(text) as Manifest;
  } catch (cause) {
    throw new CodedError('runner/node-version-file', `${path} is not valid JSON`, { cause });
  }
  return versionInManifest(manifest, path);
}

interface Manifest {
  volta?: { node?: string; extends?: string };
  engines?: { node?: string };
  devEngines?: { runtime?: DevEngine | DevEngine[] };
}

interface DevEngine {
  name?: string;
  version?: string;
}

/** Volta's pin, which may stand in another file, before the runtime for developers, before what users may have. */
function versionInManifest(manifest: Manifest, path: string): string | null {
  const { volta, devEngines, engines } = manifest;
  if (volta?.node) return volta.node;
  const runtimes = [devEngines?.runtime ?? []].flat();
  const runtime = runtimes.find(({ name }) => name?.toLowerCase() === 'node');
  if (runtime?.version) return runtime.version;
  if (engines?.node) return engines.node;
  return volta?.extends ? readVersionFile(resolve(dirname(path), volta.extends)) : null;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CodedError(
      'runner/node-version-file',
      `The specified node version file at: ${path} does not exist`,
      {
        cause,
        help: 'check the path, and that actions/checkout comes before',
      },
    );
  }
}

function plainVersion(text: string): string | null {
  // A .tool-versions may tell other tools first.
  const inTools = /^(?:node|nodejs)\s+(\S+)/m.exec(text)?.[1];
  if (inTools !== undefined) return inTools;
  for (const line of text.split('\n')) {
    const content = line.replace(/#.*$/, '').trim();
    const match = /^(\S+)$/.exec(content);
    if (match?.[1] !== undefined) return match[1];
  }
  return null;
}
