import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CodedError } from '../../diagnostics/index.ts';
import type { Action, ActionContext } from '../action.ts';
import { storeArtifact } from '../artifacts.ts';
import { commonDirectory, glob, type GlobResult } from '../glob.ts';

/** `actions/upload-artifact` v4: immutable names, no hidden files unless asked, paths below the least common directory. */
export const uploadArtifact: Action = {
  async main(context) {
    const { inputs, spec } = context;
    const { workspace, home, artifacts } = spec.directories;
    const name = inputs['name'] || 'artifact';
    const found = glob((inputs['path'] ?? '').split('\n'), {
      root: workspace,
      home,
      excludeHidden: inputs['include-hidden-files'] !== 'true',
    });
    if (found.files.length === 0) {
      nothingFound(context);
      return undefined;
    }
    const stored = await storeArtifact(artifacts, {
      name,
      root: rootOf(found),
      workspace,
      files: found.files,
      overwrite: inputs['overwrite'] === 'true',
      jobKey: spec.jobKey,
      expiresAtMs: expiryOf(context, Date.now()),
    });
    context.noteArtifact(name);
    context.say(
      `Artifact ${name}: ${stored.files.length} files, ${stored.sizeBytes} bytes, ${stored.digest}`,
    );
    context.setOutput('artifact-id', String(stored.id));
    context.setOutput('artifact-digest', stored.digest.replace('sha256:', ''));
    context.setOutput('artifact-url', pathToFileURL(stored.filesDirectory).href);
    return undefined;
  },
};

/** `retention-days`; without it, or with 0, an artifact is kept as long as its run. */
function expiryOf({ inputs }: ActionContext, nowMs: number): number | null {
  const text = inputs['retention-days'] || '0';
  const days = Number(text);
  if (!Number.isInteger(days) || days < 0 || days > 400) {
    throw new CodedError('runner/retention-days', `retention-days "${text}" is no number of days`, {
      notes: ['allowed: whole numbers from 1 to 400, or 0 for the default'],
    });
  }
  return days === 0 ? null : nowMs + days * 24 * 60 * 60 * 1000;
}

function nothingFound(context: ActionContext): void {
  const message = `No files were found with the provided path: ${context.inputs['path'] ?? ''}. No artifacts will be uploaded.`;
  switch (context.inputs['if-no-files-found'] || 'warn') {
    case 'error':
      throw new CodedError('runner/no-files', message);
    case 'ignore':
      context.say(message);
      return;
    default:
      context.warn(message);
  }
}

/** @see https://github.com/actions/upload-artifact src/shared/search.ts */
function rootOf({ files, searchPaths }: GlobResult): string {
  const [only] = searchPaths;
  if (searchPaths.length > 1 || only === undefined) return commonDirectory(searchPaths.map(holderOf(files)));
  return holderOf(files)(only);
}

function holderOf(files: string[]): (searchPath: string) => string {
  return (searchPath) => (files.includes(searchPath) ? dirname(searchPath) : searchPath);
}
