import { existsSync } from 'node:fs';
import type { ProgramKind } from '../../../src/traffic/index.ts';
import { programFile } from '../../rig/cached-programs.ts';

/** A program that a suite needs, and how Debian 12 brings it. */
export interface Component {
  name: string;
  file: string;
  install: string;
}

/**
 * Whether a suite must be skipped for want of a component. The skip is visible, for its name tells what to install.
 *
 * @throws Error in CI, where everything must be there.
 */
export function lacks({ name, file, install }: Component): boolean {
  if (existsSync(file)) return false;
  if (process.env['CI']) throw new Error(`no ${name} at ${file}: ${install}`);
  return true;
}

/** A router that is another's program. */
export function routerComponent(kind: ProgramKind): Component {
  if (kind === 'caddy' || kind === 'traefik')
    return { name: kind, file: programFile(kind), install: `test/real/support/install-router.sh ${kind}` };
  return { name: kind, file: `/usr/sbin/${kind}`, install: `apt-get install ${kind}` };
}
