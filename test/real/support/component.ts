import { existsSync } from 'node:fs';

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
