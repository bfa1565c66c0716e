import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ServerClient, ShipRequest } from '../server/index.ts';
import { createBundle, type Repository } from '../source/index.ts';
import { readApp } from './app-of.ts';
import type { CliContext } from './context.ts';

const run = promisify(execFile);

/** What is checked out, as a server is asked to ship it. Throws `Mistake` and what `Repository` throws. */
export async function describeCommit(context: CliContext, repository: Repository): Promise<ShipRequest> {
  const branch = await repository.branch();
  const app = await readApp(repository);
  return {
    app: app.name,
    commit: await repository.head(),
    ref: `refs/heads/${branch}`,
    actor: await actorIn(context, repository.root),
    defaultBranch: await repository.defaultBranch(),
  };
}

/** Gives the server what it lacks of the commit's history. */
export async function sendCommit(
  client: ServerClient,
  repository: Repository,
  request: ShipRequest,
): Promise<void> {
  const { app, commit, ref } = request;
  const folder = await mkdtemp(join(tmpdir(), 'slipway-bundle-'));
  try {
    const outFile = join(folder, 'commit.bundle');
    const haveCommits = await client.heads(app);
    await createBundle({ repository, commit, ref, haveCommits, outFile });
    await client.putCommit({ app, sha: commit, ref, bundleFile: outFile });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Who asks: git's user.name, else the name that the machine knows. */
export async function actorIn(context: CliContext, directory: string): Promise<string> {
  try {
    const { stdout } = await run('git', ['config', '--get', 'user.name'], { cwd: directory });
    return stdout.trim() || context.user;
  } catch {
    return context.user;
  }
}
