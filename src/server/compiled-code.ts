import { lstatSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Layout } from '../wiring/index.ts';

/** Where the command keeps what Node has compiled of it; see bin/slipway.js. */
const installed = fileURLToPath(new URL('../../node_modules/.cache/slipway', import.meta.url));

/**
 * Lets all processes of a home share the code that Node has compiled of this installation. Who must compile it anew takes
 * three times the processor time to start, and 20 MiB of memory for as long as it lives.
 *
 * Only where the installation belongs to this user: others could leave code there. Homes keep their own then, and where
 * they have begun to.
 */
export function shareCompiledCode({ compileCache, tools }: Pick<Layout, 'compileCache' | 'tools'>): void {
  try {
    mkdirSync(installed, { recursive: true });
    const { uid, mode } = statSync(installed);
    if (uid !== process.getuid?.() || (mode & 0o022) !== 0) return;
    // Workers look for theirs beside the tools: see runner/main.ts.
    for (const own of [compileCache, join(tools, 'compile-cache')]) link(own);
  } catch {
    // It may not be written to: everything only starts more slowly.
  }
}

function link(own: string): void {
  if (lstatSync(own, { throwIfNoEntry: false })) return;
  mkdirSync(dirname(own), { recursive: true, mode: 0o700 });
  symlinkSync(installed, own);
}
