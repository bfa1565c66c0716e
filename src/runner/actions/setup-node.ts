import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';
import type { Action, ActionContext } from '../action.ts';
import type { CacheRequest } from '../cache-archive.ts';
import { hashFiles } from '../hash-files.ts';
import { readVersionFile } from '../node-version.ts';
import { ensureNode, resolveNode } from '../toolchain.ts';
import { restore, save } from './cache.ts';

/** `actions/setup-node`: exactly the version asked for, from the npm registry or this machine; never another. */
export const setupNode: Action = {
  async main(context) {
    const { machineEnv, directories } = context.spec;
    const wanted = wantedVersion(context);
    const options = { tools: directories.tools, machineEnv };
    const version = await resolveNode(wanted, options);
    const node = await ensureNode(version, options);
    context.addPath(node.binDirectory);
    context.noteNode(version);
    context.setOutput('node-version', `v${version}`);
    context.say(`Node.js ${version} is on PATH (asked for: ${wanted}).`);
    await restoreNpmCache(context, version);
    return undefined;
  },

  postIf: 'success()',
  async post(context) {
    const query = context.state['query'];
    if (query === undefined || context.state['exact'] === 'true') return;
    const parsed = JSON.parse(query) as CacheRequest;
    if (existsSync(join(context.spec.directories.home, '.npm'))) await save(context, parsed);
  },
};

function wantedVersion({ inputs, spec }: ActionContext): string {
  const asked = inputs['node-version']?.trim();
  if (asked) return asked;
  const file = inputs['node-version-file'];
  const path = resolve(spec.directories.workspace, file ?? '');
  const written = file ? readVersionFile(path) : null;
  if (written !== null) return written;
  throw new CodedError(
    'runner/node-version-file',
    file ? `${file} does not say which version of Node.js it wants` : 'no version of Node.js was asked for',
    { help: 'set `node-version: 24`, or name a file that says it' },
  );
}

/** `cache: npm`: npm's download cache by the hash of the lock files. */
async function restoreNpmCache(context: ActionContext, version: string): Promise<void> {
  const { inputs, spec, state } = context;
  if (inputs['cache'] !== 'npm') return;
  const { workspace, home } = spec.directories;
  const patterns = inputs['cache-dependency-path']
    ? inputs['cache-dependency-path'].split('\n')
    : ['package-lock.json', 'npm-shrinkwrap.json'];
  const hash = hashFiles(patterns, workspace, home);
  if (hash === '') {
    throw new CodedError(
      'runner/no-lock-file',
      `Dependencies lock file is not found in ${workspace}. Supported file patterns: package-lock.json, npm-shrinkwrap.json`,
      { help: 'commit the lock file, check out before, or leave `cache: npm` out' },
    );
  }
  const prefix = `node-cache-${process.platform}-${process.arch}-npm-`;
  const query: CacheRequest = { paths: ['~/.npm'], key: prefix + hash, restoreKeys: [] };
  const hit = await restore(context, query);
  state['query'] = JSON.stringify(query);
  state['exact'] = String(hit === query.key);
  context.setOutput('cache-hit', String(hit === query.key));
  context.say(`npm's cache for Node.js ${version}: ${hit === null ? 'empty' : 'restored'}`);
}
