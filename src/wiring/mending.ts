import { randomBytes } from 'node:crypto';
import { emptyEnvironment, mayNotReplace, type EnvironmentState } from '../delivery/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import type { Store } from '../store/index.ts';
import { requireAnswers } from './ask-machines.ts';
import { environmentFlowId, environmentState } from './environments.ts';
import { untilKnown } from './going-back.ts';
import { requireIntact, type PrepareParts } from './prepare-rollout.ts';
import { releaseOf } from './processes.ts';
import { requireOwnData, type DataParts } from './shared-data-checks.ts';

/** Which environment, and who asks. */
interface Wish {
  app: string;
  environment: string;
  actor: string;
}

/**
 * Asks for what serves to be started anew beside itself, so that whatever somebody changed by hand is gone, and for what
 * all revisions share to be put right in place.
 *
 * @returns The rollout's id.
 */
export async function askRepair({ app, environment, actor }: Wish, parts: PrepareParts): Promise<string> {
  const scope = `${app}/${environment}`;
  const { stable, rollout, queue } = await stateOf(scope, parts.store);
  if (!stable) {
    throw new CodedError('wiring/nothing-runs', `nothing runs in ${scope}, so there is nothing to repair`, {
      help: 'see what runs where: slipway status',
    });
  }
  if (rollout || queue.length > 0)
    throw underWay(scope, rollout?.id ?? queue[0]?.rolloutId ?? '', environment);
  await requireAnswers(stable.machines, parts.machines);
  await requireIntact(await releaseOf(parts.layout, app, stable.release.digest), parts);
  const rolloutId = `ro-${randomBytes(4).toString('hex')}`;
  await parts.store.flows.signal(environmentFlowId(scope), 'repair', { rolloutId, by: actor });
  await untilKnown(rolloutId, scope, parts.store);
  return rolloutId;
}

/** Asks for a shared service to be replaced by what the revision that serves says of it. */
export async function askReplacement(
  { app, environment, actor, service }: Wish & { service: string },
  parts: DataParts,
): Promise<void> {
  const { store } = parts;
  const scope = `${app}/${environment}`;
  const state = await stateOf(scope, store);
  const refused = mayNotReplace(state, service);
  if (refused !== null) {
    const names = state.shared.map((running) => `"${running.service.name}"`).join(', ');
    throw new CodedError('wiring/not-replaceable', `"${service}" of ${scope} is not replaced: ${refused}`, {
      notes: [`shared services: ${names || 'none'}`],
      help: 'see what runs where: slipway status',
    });
  }
  await requireOwnData(state, service, parts);
  await store.flows.signal(environmentFlowId(scope), 'apply-shared', { service, by: actor });
}

async function stateOf(scope: string, store: Store): Promise<EnvironmentState> {
  return (await environmentState(scope, store)) ?? emptyEnvironment(scope);
}

function underWay(scope: string, rollout: string, environment: string): CodedError {
  return new CodedError('wiring/rollout-under-way', `${scope} has a rollout under way (${rollout})`, {
    help: `wait for it, or take it back with: slipway abort ${environment}`,
  });
}
