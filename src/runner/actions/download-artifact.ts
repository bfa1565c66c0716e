import { cp, mkdir } from 'node:fs/promises';
import { join, matchesGlob, resolve } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';
import type { Action } from '../action.ts';
import { artifactsOf, type Artifact } from '../artifacts.ts';

/** `actions/download-artifact` v4: one by name straight into the path, or several, each into a directory of its name. */
export const downloadArtifact: Action = {
  async main(context) {
    const { inputs, spec } = context;
    const { workspace, home, artifacts } = spec.directories;
    const path = inputs['path'] || '.';
    const target = resolve(workspace, path.replace(/^~(?=\/|$)/, home));
    const all = await artifactsOf(artifacts);
    const name = inputs['name'];
    const wanted = name ? [named(all, name)] : matching(all, inputs['pattern']);
    const merge = Boolean(name) || inputs['merge-multiple'] === 'true';
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

function named(all: readonly Artifact[], name: string): Artifact {
  const artifact = all.find((candidate) => candidate.name === name);
  if (artifact) return artifact;
  const names = all.map((candidate) => `"${candidate.name}"`).join(', ');
  throw new CodedError('runner/no-artifact', `this run has no artifact named "${name}"`, {
    notes: [`artifacts so far: ${names || 'none'}`],
    help: 'let the job that uploads it be among the `needs` of this one',
  });
}

function matching(all: readonly Artifact[], pattern: string | undefined): Artifact[] {
  return pattern ? all.filter((artifact) => matchesGlob(artifact.name, pattern)) : [...all];
}
