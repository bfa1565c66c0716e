import type { Permissions } from '../workflow/index.ts';
import { callsAround, frameOf, writtenJob } from './frames.ts';
import type { JobInstance, RunState } from './model.ts';

/**
 * What a job's token may do: what the job says, or else its workflow, and never more than each caller has. Undefined where
 * nobody says anything.
 */
export function permissionsOf(state: RunState, job: JobInstance): Permissions | undefined {
  const chain = [job, ...callsAround(state, job.parent)].toReversed();
  return chain.reduce<Permissions | undefined>((granted, at) => {
    const declared = writtenJob(state, at).permissions ?? frameOf(state, at.parent).workflow.permissions;
    return declared === undefined ? granted : granted === undefined ? declared : lesser(declared, granted);
  }, undefined);
}

const ranks = { none: 0, read: 1, write: 2 } as const;

function lesser(declared: Permissions, granted: Permissions): Permissions {
  if (declared === 'write-all') return granted;
  if (granted === 'write-all') return declared;
  if (declared === 'read-all' && granted === 'read-all') return 'read-all';
  const names = [declared, granted].flatMap((each) => (typeof each === 'string' ? [] : Object.keys(each)));
  return Object.fromEntries(
    [...new Set(names)].map((name) => {
      const [a, b] = [levelOf(declared, name), levelOf(granted, name)];
      return [name, ranks[a] < ranks[b] ? a : b];
    }),
  );
}

function levelOf(permissions: Permissions, name: string): 'read' | 'write' | 'none' {
  if (permissions === 'write-all') return 'write';
  // There is nothing to read about an identity.
  if (permissions === 'read-all') return name === 'id-token' ? 'none' : 'read';
  return permissions[name] ?? 'none';
}
