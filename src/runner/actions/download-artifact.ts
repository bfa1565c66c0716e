import { cp, mkdir } from 'node:fs/promises';
import { join, matchesGlob, resolve } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';
import type { Action } from '../action.ts';
import { artifactsOf, type Artifact } from '../artifacts.ts';

/**
 * `actions/download-artifact`: one by name or id straight into the path, or several, each into a directory of its name
 * unless they are to be merged.
 */
export const downloadArtifact: Action = {
  async main(context) {
    const { inputs, spec } = context;
    const { workspace, home, artifacts } = spec.directories;
    const path = inputs['path'] || '.';
    const target = resolve(workspace, path.replace(/^~(?=\/|$)/, home));
    const wanted = choose(await artifactsOf(artifacts), inputs);
    const isOne = Boolean(inputs['name']) || (Boolean(inputs['artifact-ids']) && wanted.length === 1);
    const merge = isOne || inputs['merge-multiple'] === 'true';
    await mkdir(target, { recursive: true });
    for (const artifact of wanted) {
      const into = merge ? target : join(target, artifact.name);
      await cp(artifact.filesDirectory, into, { recursive: true, force: true, verbatimSymlinks: true });
      context.say(`Artifact ${artifact.name}: ${artifact.files.length} files, ${artifact.digest}`);
    }
    if (wanted.length === 0) context.say('No artifact matches.');
    context.setOutput('download-path', target);
    return undefined;
  },
};

function choose(all: readonly Artifact[], inputs: Record<string, string>): Artifact[] {
  const { name, pattern } = inputs;
  const ids = (inputs['artifact-ids'] ?? '').split(',').flatMap((id) => id.trim() || []);
  if (name && ids.length > 0) {
    throw new CodedError(
      'runner/no-artifact',
      '`name` and `artifact-ids` cannot both say which artifact is meant',
    );
  }
  if (name) return [theOne(all, `named "${name}"`, (artifact) => artifact.name === name)];
  if (ids.length > 0) {
    return ids.map((id) => theOne(all, `with the id ${id}`, (artifact) => String(artifact.id) === id));
  }
  return pattern ? all.filter((artifact) => matchesGlob(artifact.name, pattern)) : [...all];
}

function theOne(all: readonly Artifact[], what: string, isMeant: (artifact: Artifact) => boolean): Artifact {
  const artifact = all.find(isMeant);
  if (artifact) return artifact;
  const names = all.map((candidate) => `"${candidate.name}"`).join(', ');
  throw new CodedError('runner/no-artifact', `this run has no artifact ${what}`, {
    notes: [`artifacts so far: ${names || 'none'}`],
    help: 'let the job that uploads it be among the `needs` of this one',
  });
}
