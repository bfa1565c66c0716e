import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '../workflow/index.ts';
import type { JobSpec } from './spec.ts';

type Source = Pick<JobSpec, 'contexts' | 'source'>;

/** The ref that a job's caches are saved for: only runs of it, and of branches that come from it, see them. */
export function writableRef({ contexts, source }: Source): string {
  const { ref } = contexts.github;
  return typeof ref === 'string' && ref !== '' ? ref : source.ref;
}

/**
 * The refs whose caches a job may restore, the nearest first: its own, a pull request's base, the default branch.
 *
 * @see https://docs.github.com/actions/reference/workflows-and-actions/dependency-caching#restrictions-for-accessing-a-cache
 */
export async function readableRefs(spec: Source): Promise<string[]> {
  const { base_ref: base, event } = spec.contexts.github;
  const refs = [writableRef(spec)];
  if (typeof base === 'string' && base !== '') refs.push(`refs/heads/${base}`);
  const main = defaultBranchOf(event ?? null) ?? (await headOf(spec.source.gitDirectory));
  if (main !== null) refs.push(`refs/heads/${main}`);
  return [...new Set(refs)];
}

function defaultBranchOf(event: Json): string | null {
  const { repository } = (event ?? {}) as { repository?: { default_branch?: unknown } | null };
  const name = repository?.default_branch;
  return typeof name === 'string' && name !== '' ? name : null;
}

/** A mirror's HEAD is its default branch. */
async function headOf(gitDirectory: string): Promise<string | null> {
  const text = await readFile(join(gitDirectory, 'HEAD'), 'utf8').catch(() => '');
  return /^ref: refs\/heads\/(.+)$/m.exec(text)?.[1] ?? null;
}
