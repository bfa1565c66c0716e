const originHead = 'refs/remotes/origin/';

/**
 * `origin`'s default branch, else the configured one, `main` or `master` where it exists, else the one checked out.
 *
 * @param refs - A line for each ref: its name and, for `refs/remotes/origin/HEAD`, what it points to.
 */
export function defaultBranchOf(
  refs: string,
  configured: string | undefined,
  current: string | null,
): string {
  const lines = refs.split('\n').map((line) => line.split(' '));
  const remote = lines.find(([name]) => name === `${originHead}HEAD`)?.[1];
  if (remote?.startsWith(originHead)) return remote.slice(originHead.length);
  const known = new Set(lines.map(([name]) => name));
  const named = [configured, 'main', 'master'].find(
    (name) => name !== undefined && known.has(`refs/heads/${name}`),
  );
  return named ?? current?.replace('refs/heads/', '') ?? 'main';
}
