import { CodedError } from '../../diagnostics/index.ts';
import type { ActionContext } from '../action.ts';
import type { Git } from './git.ts';

/** What is to be checked out. */
export interface Revision {
  commit: string;
  /** As asked for, or the ref of the run. */
  ref: string;
  /** Short name; null where HEAD is to be detached. */
  branch: string | null;
  tag: string | null;
  /** What the tag points to: an annotated one is an object of its own. */
  tagObject: string;
}

/**
 * The revision that `ref` names in the repository of the run: a commit, a full ref, a branch or a tag, in this order, as
 * GitHub's action takes it. Without `ref` it is the commit of the run.
 *
 * @throws CodedError `runner/checkout`
 */
export async function wantedRevision({ inputs, spec }: ActionContext, origin: Git): Promise<Revision> {
  const { commit, ref } = spec.source;
  const asked = inputs['ref'] || ref;
  const branch = /^refs\/heads\/(.+)$/.exec(asked)?.[1] ?? null;
  if (asked === ref) return { commit, ref, branch, tag: null, tagObject: '' };
  for (const name of candidates(asked)) {
    const found = await origin('rev-parse', '--verify', '--quiet', '--end-of-options', name).catch(() => '');
    if (found === '') continue;
    return {
      commit: (await origin('rev-parse', '--verify', `${found.trim()}^{commit}`)).trim(),
      ref: asked,
      branch: /^refs\/heads\/(.+)$/.exec(name)?.[1] ?? null,
      tag: /^refs\/tags\/(.+)$/.exec(name)?.[1] ?? null,
      tagObject: found.trim(),
    };
  }
  throw new CodedError('runner/checkout', `the repository has no branch, tag or commit "${asked}"`, {
    help: 'fetch it into the repository that runs this workflow, or leave `ref` out',
  });
}

function candidates(asked: string): string[] {
  if (/^[0-9a-f]{40}([0-9a-f]{24})?$/i.test(asked)) return [`${asked}^{commit}`];
  if (asked.startsWith('refs/')) return [asked];
  return [`refs/heads/${asked}`, `refs/tags/${asked}`];
}
