import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

/** A file to look at. */
export interface LintFile {
  /** Where it is read from. */
  path: string;
  /** As findings name it: from the root, with slashes. */
  shown: string;
  kind: 'workflow' | 'action';
}

/** The root of the working tree around a folder: the nearest one above with `.git` or `.github`, or else the folder. */
export function treeRoot(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git')) || existsSync(join(at, '.github'))) return at;
    if (dirname(at) === at) return folder;
  }
}

/** The files that a person names. */
export function namedFiles(names: readonly string[], cwd: string, root: string): LintFile[] {
  return names.map((name) => lintFile(resolve(cwd, name), root));
}

/** Every workflow and action file of a tree. */
export function filesOfTree(root: string): LintFile[] {
  const folder = join(root, '.github', 'workflows');
  const workflows = existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => !entry.isDirectory() && /\.ya?ml$/i.test(entry.name))
        .map((entry) => join(folder, entry.name))
    : [];
  const paths = [...workflows, ...actionFiles(root)];
  return paths.toSorted().map((path) => lintFile(path, root));
}

function lintFile(path: string, root: string): LintFile {
  const kind = isActionFile(basename(path)) ? 'action' : 'workflow';
  const inside = relative(root, path).replaceAll(sep, '/');
  return { path, shown: inside.startsWith('../') ? path : inside, kind };
}

const isActionFile = (name: string) => /^action\.ya?ml$/i.test(name);

/** Folders of other people's code and of what tools keep hold no actions of this repository. */
const isForeign = (name: string) => name === 'node_modules' || (name.startsWith('.') && name !== '.github');

function actionFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return isForeign(entry.name) ? [] : actionFiles(path);
    return isActionFile(entry.name) ? [path] : [];
  });
}
