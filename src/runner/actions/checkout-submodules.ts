import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';
import type { ActionContext } from '../action.ts';
import type { Git } from './git.ts';

/** Brings submodules whose repositories are on this machine; one that is elsewhere would need access that a job has not. */
export async function placeSubmodules({ inputs }: ActionContext, git: Git, directory: string): Promise<void> {
  const wanted = inputs['submodules'];
  if (wanted !== 'true' && wanted !== 'recursive') return;
  if (!existsSync(join(directory, '.gitmodules'))) return;
  await git('submodule', 'sync', '--quiet');
  await git('submodule', 'init', '--quiet');
  // Relative addresses have been resolved against the repository's own by now.
  const configured = await git('config', '--get-regexp', '^submodule\\..*\\.url$');
  for (const line of configured.split('\n')) {
    const [name = '', address = ''] = line.trim().split(/\s+/, 2);
    if (!isLocal(address)) refuse(name.replace(/^submodule\.|\.url$/g, ''), address);
  }
  const recursive = wanted === 'recursive' ? ['--recursive'] : [];
  await git(
    '-c',
    'protocol.file.allow=always',
    'submodule',
    'update',
    '--init',
    '--force',
    '--quiet',
    ...recursive,
  );
}

function isLocal(address: string): boolean {
  return isAbsolute(address) || address.startsWith('file://');
}

function refuse(name: string, address: string): never {
  throw new CodedError('runner/checkout', `the submodule "${name}" is not on this machine: ${address}`, {
    help: 'bring it in a `run:` step that has access: git submodule update --init',
  });
}
