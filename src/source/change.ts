import { resolveCommit } from './commit.ts';
import { git } from './git.ts';

/** What one commit has that another one has not. */
export interface ChangeBetween {
  /** In the history of the later one alone, newest first. */
  commits: { commit: string; title: string; author: string }[];
  /** Lines are null for a file that is not text. */
  files: { path: string; added: number | null; removed: number | null }[];
}

/** Throws `source/unknown-revision` when one of them is not here. */
export async function changeBetween(
  directory: string,
  { base, commit, settings }: { base: string; commit: string; settings: string[] },
): Promise<ChangeBetween> {
  const from = await resolveCommit(directory, base, settings);
  const to = await resolveCommit(directory, commit, settings);
  const listed = ['log', '-z', '--no-show-signature', '--encoding=UTF-8', '--format=%H%n%an%n%s'];
  const log = await git({ directory, args: [...listed, `${from}..${to}`, '--'], settings });
  const counted = ['diff-tree', '-r', '-z', '--numstat', '--no-renames', from, to];
  const numbers = await git({ directory, args: counted, settings });
  return { commits: parts(log).map(commitIn), files: parts(numbers).map(fileIn) };
}

function commitIn(entry: string): ChangeBetween['commits'][number] {
  const [commit = '', author = '', title = ''] = entry.split('\n');
  return { commit, title, author };
}

/** `12<tab>3<tab>src/app.ts`, with `-` for lines of what is not text. */
function fileIn(entry: string): ChangeBetween['files'][number] {
  const [added = '-', removed = '-', ...path] = entry.split('\t');
  const lines = (text: string) => (text === '-' ? null : Number(text));
  return { path: path.join('\t'), added: lines(added), removed: lines(removed) };
}

function parts(text: string): string[] {
  return text.split('\0').filter((part) => part.trim() !== '');
}
