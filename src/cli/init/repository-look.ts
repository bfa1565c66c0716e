import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What `init` knows of a repository. */
export interface RepositoryLook {
  /** Name of its folder. */
  folder: string;
  /** Whether a file or folder is there. */
  has(path: string): boolean;
  /** A file's text, or null. */
  text(path: string): string | null;
  /** Names of the files in .github/workflows. */
  workflows: string[];
}

/** Looks at the files as they lie on disk. */
export function lookAt(root: string): RepositoryLook {
  const workflows = join(root, '.github', 'workflows');
  return {
    folder: basename(root),
    has: (path) => existsSync(join(root, path)),
    text: (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : null),
    workflows: existsSync(workflows) ? readdirSync(workflows).filter((name) => /\.ya?ml$/.test(name)) : [],
  };
}
