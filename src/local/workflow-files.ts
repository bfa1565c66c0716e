import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { CodedError, didYouMean, type Finding } from '../diagnostics/index.ts';
import { listCommitted, readCommitted, type WorkTree } from '../source/index.ts';
import { parseWorkflow, type Workflow } from '../workflow/index.ts';

/** The workflows that somebody means, and all texts that were read on the way. */
export interface WorkflowFiles {
  workflows: Workflow[];
  /** Files that could not be read as workflows. */
  broken: { file: string; findings: Finding[] }[];
  warnings: Finding[];
  sources: Record<string, string>;
  /** Whether the one workflow was asked for by its own name. */
  isNamed: boolean;
  /** The text of a file of the repository, from where the workflows come from; null when there is none. */
  read: (path: string) => Promise<string | null>;
}

interface FileWish {
  tree: Pick<WorkTree, 'root'>;
  directory: string;
  /** @see LocalRequest */
  workflows: string | null;
  committed: boolean;
}

const usualFolder = '.github/workflows';

/**
 * Reads workflow files as they are on disk now, or as they are in HEAD.
 *
 * @throws CodedError `local/no-such-workflow`, `local/no-workflows`
 */
export async function readWorkflowFiles(wish: FileWish): Promise<WorkflowFiles> {
  const { root } = wish.tree;
  const read = (path: string) =>
    wish.committed ? readCommitted(root, path) : readFile(join(root, path), 'utf8').catch(() => null);
  const folder = wish.workflows === null ? usualFolder : await folderOf(wish, wish.workflows);
  const file = folder === null ? await fileOf(wish, wish.workflows ?? '') : null;
  const paths = file === null ? await listFolder(wish, folder ?? usualFolder) : [file];
  const files: WorkflowFiles = {
    workflows: [],
    broken: [],
    warnings: [],
    sources: {},
    isNamed: file !== null,
    read,
  };
  for (const [path, text] of await Promise.all(paths.map(async (path) => [path, await read(path)] as const)))
    take(files, path, text ?? '');
  if (folder === null && file === null) return byName(files, wish.workflows ?? '');
  if (paths.length === 0) throw noWorkflows(folder ?? usualFolder);
  return files;
}

function take(files: WorkflowFiles, path: string, text: string): void {
  files.sources[path] = text;
  const parsed = parseWorkflow(text, path);
  if (!parsed.ok) {
    files.broken.push({ file: path, findings: parsed.findings });
    return;
  }
  files.workflows.push(parsed.value);
  files.warnings.push(...parsed.warnings);
}

/** A path as the repository knows it. */
function inRepository({ tree, directory }: FileWish, path: string): string {
  return relative(tree.root, resolve(directory, path)).split(sep).join('/');
}

async function folderOf(wish: FileWish, path: string): Promise<string | null> {
  for (const from of [wish.directory, wish.tree.root]) {
    const found = await stat(resolve(from, path)).catch(() => null);
    if (found?.isDirectory()) return inRepository({ ...wish, directory: from }, path);
  }
  return null;
}

async function fileOf(wish: FileWish, path: string): Promise<string | null> {
  const places = [
    [wish.directory, path],
    [wish.tree.root, path],
    [wish.tree.root, join(usualFolder, path)],
  ] as const;
  for (const [from, name] of places) {
    const found = await stat(resolve(from, name)).catch(() => null);
    if (found?.isFile()) return inRepository({ ...wish, directory: from }, name);
  }
  return null;
}

async function listFolder({ tree, committed }: FileWish, folder: string): Promise<string[]> {
  const paths = committed
    ? await listCommitted(tree.root, folder)
    : (await readdir(join(tree.root, folder)).catch(() => [])).map((name) =>
        folder === '' ? name : `${folder}/${name}`,
      );
  const depth = folder === '' ? 0 : folder.split('/').length;
  return paths.filter((path) => path.split('/').length === depth + 1 && /[^/]\.ya?ml$/.test(path)).toSorted();
}

function byName(files: WorkflowFiles, name: string): WorkflowFiles {
  const found = files.workflows.filter((workflow) => workflow.name === name);
  if (found.length > 0) return { ...files, workflows: found, broken: [], isNamed: true };
  const known = [
    ...files.workflows.map(({ file }) => basename(file)),
    ...files.broken.map(({ file }) => basename(file)),
  ];
  const near = didYouMean(name, known);
  throw new CodedError('local/no-such-workflow', `there is no workflow "${name}"`, {
    notes: [`workflows: ${known.join(', ') || 'none'}`],
    help:
      near === undefined
        ? 'name a file, a folder or a name: slipway run -W <path>'
        : `did you mean "${near}"?`,
  });
}

function noWorkflows(folder: string): CodedError {
  return new CodedError('local/no-workflows', `there is no workflow in ${folder}`, {
    notes: ['workflows are files that end in .yml or .yaml'],
    help: 'have one written: slipway init, or name another folder: slipway run -W <path>',
  });
}
