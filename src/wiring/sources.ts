import type { ComposeSources } from '../compose/index.ts';
import type { CommitFiles } from './repository-files.ts';

/**
 * Lets work that reads files at once use files that come by and by: it runs, what it asked for is fetched, and it runs
 * again, until it asks for nothing new. The work must be pure.
 */
export async function withSources<T>(
  files: Pick<CommitFiles, 'read'>,
  work: (sources: ComposeSources) => T,
): Promise<{ value: T; texts: Record<string, string> }> {
  const known = new Map<string, string | null>();
  for (;;) {
    const wanted = new Set<string>();
    const read = (path: string) => {
      if (!known.has(path)) wanted.add(path);
      return known.get(path) ?? null;
    };
    const value = work({ read });
    if (wanted.size === 0) return { value, texts: textsOf(known) };
    for (const path of wanted) known.set(path, await files.read(path));
  }
}

function textsOf(known: Map<string, string | null>): Record<string, string> {
  const entries = [...known].filter((entry): entry is [string, string] => entry[1] !== null);
  return Object.fromEntries(entries);
}
