import ignore from '@balena/dockerignore';
import type { ImageBuild } from '../../compose/index.ts';

/** Texts of ignore files of the commit, by path. */
export type IgnoreFiles = Readonly<Record<string, string>>;

/** Where Docker looks for what a build leaves out: the first that is there counts, for the context or for a folder beside it. */
export function ignoreFilesOf(build: ImageBuild): string[][] {
  const dockerfile = dockerfileOf(build);
  const own = dockerfile === null ? [] : [`${dockerfile}.dockerignore`];
  return contextsOf(build).map((folder, index) => [
    ...(index === 0 ? own : []),
    joined(folder, '.dockerignore'),
  ]);
}

/**
 * Of these files those that can change what a build makes: in its context or in an additional one and not left out by
 * its ignore file; and its Dockerfile and that ignore file themselves, wherever they are.
 *
 * @see https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export function filesOfBuild(
  build: ImageBuild,
  files: readonly string[],
  ignoreFiles: IgnoreFiles,
): string[] {
  const candidates = ignoreFilesOf(build);
  const parts = contextsOf(build).map((folder, index) => {
    const rules = (candidates[index] ?? []).find((path) => ignoreFiles[path] !== undefined);
    return { folder, rules, leftOut: matcher(ignoreFiles[rules ?? ''] ?? '') };
  });
  const always = new Set([dockerfileOf(build), ...parts.map(({ rules }) => rules)]);
  const taken = (file: string) =>
    parts.some(({ folder, leftOut }) => {
      const inner = within(file, folder);
      return inner !== null && !leftOut(inner);
    });
  return files.filter((file) => always.has(file) || taken(file));
}

/** Whether a path of the context is left out. The library reads patterns; comments and empty lines are for us. */
function matcher(text: string): (path: string) => boolean {
  const rules = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#') && line.trim() !== '');
  if (rules.length === 0) return () => false;
  const rulebook = ignore.default().add(rules);
  return (path) => rulebook.ignores(path);
}

/** Folders of the commit that a build reads, its own context first. */
function contextsOf({ context, additionalContexts }: ImageBuild): string[] {
  const others = Object.values(additionalContexts).filter((path) => !/^[a-z][a-z0-9+.-]*:/.test(path));
  return [context, ...others].map((path) => joined(path, ''));
}

function dockerfileOf({ context, dockerfile, dockerfileInline }: ImageBuild): string | null {
  return dockerfileInline === null ? joined(context, dockerfile ?? 'Dockerfile') : null;
}

function joined(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** A file's path seen from a folder; null when it is not below it. */
function within(file: string, folder: string): string | null {
  if (folder === '') return file;
  return file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : null;
}
