import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';
import type { ActionContext } from '../action.ts';

/** Stands in for a token that nobody gave, so that programs which insist on one start. */
const noToken = 'XXXXX-XXXXX-XXXXX-XXXXX';

/**
 * Points npm to a registry by an .npmrc of the job's own, whose token comes from NODE_AUTH_TOKEN when it is used: none
 * is written down.
 *
 * @throws CodedError `runner/registry-url`
 */
export function writeNpmrc(context: ActionContext, registry: string): void {
  const { inputs, spec, env } = context;
  if (!URL.canParse(registry)) {
    throw new CodedError('runner/registry-url', `registry-url "${registry}" is no address`, {
      help: 'write it in full, such as https://registry.example.com/',
    });
  }
  const { href } = new URL(registry.endsWith('/') ? registry : `${registry}/`);
  const given = (inputs['scope'] ?? '').trim().toLowerCase();
  const scope = given === '' || given.startsWith('@') ? given : `@${given}`;
  const file = resolve(env['RUNNER_TEMP'] ?? spec.directories.temp, '.npmrc');
  const lines = [
    ...otherLines(join(spec.directories.workspace, '.npmrc')),
    `${href.replace(/^https?:/, '')}:_authToken=\${NODE_AUTH_TOKEN}`,
    `${scope === '' ? '' : `${scope}:`}registry=${href}`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  context.exportVariable('NPM_CONFIG_USERCONFIG', file);
  context.exportVariable('NODE_AUTH_TOKEN', env['NODE_AUTH_TOKEN'] ?? noToken);
}

/** What the repository's own file says, but for its registry. */
function otherLines(path: string): string[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line.trim() !== '' && !line.toLowerCase().startsWith('registry'));
}
