import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ComposeApp } from '../app/index.ts';
import {
  homeOf,
  outdatedShared,
  type EnvironmentState,
  type Revision,
  type Rollout,
} from '../delivery/index.ts';
import { CodedError, type Finding } from '../diagnostics/index.ts';
import { readRelease, releaseDirectory } from '../release/index.ts';
import type { Store } from '../store/index.ts';
import { environmentStates } from './environments.ts';
import type { Layout } from './layout.ts';
import type { Machines } from './machines/machines.ts';
import type { Stranger } from './machines/strangers.ts';
import type { CommitFiles } from './repository-files.ts';
import { shapeOfCompose } from './resolve-compose.ts';
import { placesOf, repositoryPaths, sharedDataFindings, type DataWish } from './shared-data.ts';

/** What of an app's data is another's already, before anything of a commit is made. */
export async function dataFindingsOfCommit(
  { app, result, files }: { app: string; result: ComposeApp; files: Pick<CommitFiles, 'list'> },
  { store, machines }: Pick<DataParts, 'store' | 'machines'>,
): Promise<Finding[]> {
  const { environment } = result;
  const { project, shared } = shapeOfCompose(result);
  const wish = { scope: `${app}/${environment.name}`, machines: environment.machines, project, shared };
  const inCommit = new Set<string>();
  for (const path of repositoryPaths(wish)) if ((await files.list(path)).length > 0) inCommit.add(path);
  return sharedDataFindings(wish, {
    states: await environmentStates(store),
    isInCommit: (path) => inCommit.has(path),
    // Where nobody answers nothing is said yet: before anything starts, this is looked at once more.
    strangers: await strangersOf(wish, machines).catch((error: unknown) => {
      if (error instanceof CodedError) return [];
      throw error;
    }),
  });
}

function strangersOf(wish: DataWish, machines: Machines): Promise<Stranger[]> {
  const places = placesOf(wish);
  return places.length === 0 ? Promise.resolve([]) : machines.of(homeOf(wish)).strangers(places, null);
}

/** What the last look before a start needs. */
export interface DataParts {
  store: Store;
  layout: Layout;
  machines: Machines;
}

/** Why shared services of the rollout that is being prepared may not start, whoever asked for it; or null. */
export async function takenData(state: EnvironmentState, parts: DataParts): Promise<string | null> {
  const { scope, rollout } = state;
  if (rollout?.phase.at !== 'preparing' || rollout.candidate.shared.length === 0) return null;
  const { candidate } = rollout;
  const wish = { ...candidate, scope };
  const facts = {
    isInCommit: await filesIn(wish, candidate, parts),
    states: (await environmentStates(parts.store)).map((one) =>
      one.scope === scope ? withoutOutdated(one, rollout) : one,
    ),
    strangers: await strangersOf(wish, parts.machines),
  };
  const taken = sharedDataFindings(wish, facts).find(isError);
  return taken ? `${taken.message}; ${taken.help}` : null;
}

/** What is to be replaced starts anew, perhaps on other data. */
function withoutOutdated(state: EnvironmentState, rollout: Rollout): EnvironmentState {
  const outdated = outdatedShared(state, rollout).map(({ name }) => name);
  return { ...state, shared: state.shared.filter(({ service }) => !outdated.includes(service.name)) };
}

/** @throws CodedError `wiring/data-taken` when a shared service is to be replaced by one that takes another's data */
export async function requireOwnData(state: EnvironmentState, name: string, parts: DataParts): Promise<void> {
  const { scope, stable } = state;
  const service = stable?.shared.find((one) => one.name === name);
  if (!stable || !service) return;
  const wish = { ...stable, scope, shared: [service] };
  const shared = state.shared.filter((running) => running.service.name !== name);
  const states = (await environmentStates(parts.store)).filter((other) => other.scope !== scope);
  const isInCommit = await filesIn(wish, stable, parts);
  const strangers = await strangersOf(wish, parts.machines);
  const facts = { states: [...states, { ...state, shared }], isInCommit, strangers };
  const taken = sharedDataFindings(wish, facts).find(isError);
  if (!taken) return;
  const { code, message, notes, help = '' } = taken;
  throw new CodedError(code, message, { notes, help });
}

function isError({ severity }: Finding): boolean {
  return severity === 'error';
}

/** Tells what is among the files of a revision's release. */
async function filesIn(
  wish: DataWish,
  { release: { digest } }: Revision,
  { layout }: DataParts,
): Promise<(path: string) => boolean> {
  if (repositoryPaths(wish).length === 0) return () => false;
  const { releases } = layout.app(wish.scope.split('/')[0] ?? '');
  const release = await readRelease(releaseDirectory(releases, digest));
  return (path) => release !== null && existsSync(join(release.filesDirectory, path));
}
