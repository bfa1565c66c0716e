import { major, minVersion, validRange } from 'semver';
import { z } from 'zod';
import { lockFiles } from './package-manager.ts';
import type { RepositoryLook } from './repository-look.ts';
import { runStep, usesStep } from './workflow-text.ts';

const record = z.record(z.string(), z.string()).catch({});
const manifestShape = z.object({
  name: z.string().optional().catch(undefined),
  packageManager: z.string().optional().catch(undefined),
  engines: record.optional(),
  scripts: record.optional(),
  dependencies: record.optional(),
  devDependencies: record.optional(),
});

/** What `init` reads out of a package.json. */
export type Manifest = z.infer<typeof manifestShape>;

/** The package.json; null without one, or where it is not JSON. */
export function manifestOf(look: RepositoryLook): Manifest | null {
  try {
    const parsed = manifestShape.safeParse(JSON.parse(look.text('package.json') ?? ''));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Scripts that a workflow runs, in this order. */
const usualScripts = ['lint', 'typecheck', 'build', 'test'];

/** Steps for a Node package: its Node, what its lock file says, and the scripts that it has. */
export function nodeSteps(look: RepositoryLook, manifest: Manifest, machineNode: string): string[] {
  const version = nodeVersion(look, manifest) ?? machineNode.split('.', 1)[0] ?? machineNode;
  const lock = lockFiles.find(({ file }) => look.has(file));
  const manager = lock?.manager ?? 'npm';
  return [
    ...usesStep('actions/setup-node@v4', { 'node-version': version }),
    ...(manager === 'npm' ? [] : runStep(`npm install --global ${pinned(manager, manifest)}`)),
    ...installSteps(lock?.install, manifest),
    ...usualScripts
      .filter((name) => isReal(manifest.scripts?.[name]))
      .flatMap((name) => runStep(command(manager, name))),
  ];
}

/** From .nvmrc, .node-version or `engines`, as setup-node takes it: the oldest major version that is promised to work. */
function nodeVersion(look: RepositoryLook, { engines }: Manifest): string | null {
  for (const file of ['.nvmrc', '.node-version']) {
    const said = look
      .text(file)
      ?.trim()
      .replace(/^v(?=\d)/, '');
    if (said && /^[\w./*-]+$/.test(said)) return said;
  }
  const range = engines?.['node'];
  const oldest =
    range !== undefined && validRange(range) !== null && range !== '*' ? minVersion(range) : null;
  return oldest ? String(major(oldest)) : null;
}

function installSteps(install: string | undefined, { dependencies, devDependencies }: Manifest): string[] {
  if (install !== undefined) return runStep(install);
  const count = Object.keys(dependencies ?? {}).length + Object.keys(devDependencies ?? {}).length;
  return count === 0 ? [] : runStep('npm install');
}

function pinned(manager: string, { packageManager }: Manifest): string {
  const asked = packageManager?.split('+', 1)[0] ?? '';
  return asked.startsWith(`${manager}@`) && /^[\w.@-]+$/.test(asked) ? asked : manager;
}

function command(manager: string, script: string): string {
  return script === 'test' ? `${manager} test` : `${manager} run ${script}`;
}

/** What `npm init` writes into a package.json is no test. */
function isReal(script: string | undefined): boolean {
  return script !== undefined && !script.includes('no test specified');
}
