import { resolve } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';
import type { Action, ActionContext } from '../action.ts';
import { readVersionFile } from '../node-version.ts';
import { prependPath } from '../job-environment.ts';
import { ensureNode, resolveNode } from '../toolchain.ts';
import { restorePackages, savePackages } from './package-cache.ts';
import { nodeCache } from './node-packages.ts';
import { writeNpmrc } from './npmrc.ts';

/** `actions/setup-node`: exactly the version asked for, from the npm registry or this machine; never another. */
export const setupNode: Action = {
  async main(context) {
    checkArchitecture(context.inputs['architecture']);
    const wanted = wantedVersion(context);
    const env = wanted === null ? context.env : await placeNode(context, wanted);
    const { stdout: version } = await context.run(['node', '--version'], { env, quiet: true });
    context.setOutput('node-version', version.trim());
    if (context.inputs['registry-url']) writeNpmrc(context, context.inputs['registry-url']);
    const cache = await nodeCache(context, env);
    if (cache === null) return undefined;
    context.setOutput('cache-hit', String(await restorePackages(context, cache)));
    return undefined;
  },

  postIf: 'success()',
  post: savePackages,
};

/** @returns The environment in which that version is the first. */
async function placeNode(context: ActionContext, wanted: string): Promise<Record<string, string>> {
  const { machineEnv, directories } = context.spec;
  const options = { tools: directories.tools, machineEnv, signal: context.signal };
  const checkLatest = context.inputs['check-latest'] === 'true';
  const version = await resolveNode(wanted, { ...options, checkLatest });
  const { binDirectory } = await ensureNode(version, options);
  context.addPath(binDirectory);
  context.noteNode(version);
  context.say(`Node.js ${version} is on PATH (asked for: ${wanted}).`);
  return { ...context.env, PATH: prependPath([binDirectory], context.env['PATH']) };
}

function checkArchitecture(asked: string | undefined): void {
  if (!asked || asked.toLowerCase() === process.arch) return;
  throw new CodedError(
    'runner/node-version',
    `this machine is ${process.arch}, and "${asked}" was asked for`,
    {
      help: 'leave `architecture` out',
    },
  );
}

/** Null where nothing asks for a version: then the Node that is on PATH will do. */
function wantedVersion({ inputs, spec }: ActionContext): string | null {
  const asked = inputs['node-version']?.trim();
  if (asked) return asked;
  const file = inputs['node-version-file'];
  if (!file) return null;
  const written = readVersionFile(resolve(spec.directories.workspace, file));
  if (written !== null) return written;
  throw new CodedError('runner/node-version-file', `${file} does not say which version of Node.js it wants`, {
    help: 'set `node-version: 24`, or name a file that says it',
  });
}
