import type { ComposeService, UpdateRules } from '../compose/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import type { ClassifiedService } from './classified-service.ts';
import { formatDuration } from './duration.ts';
import type { EnvironmentDefinition } from './model.ts';

/** Tells what of `deploy.update_config` and `rollback_config` is not followed, and what happens instead. */
export function checkUpdates(
  services: readonly ComposeService[],
  classified: readonly ClassifiedService[],
  environment: EnvironmentDefinition,
): Finding[] {
  return services.flatMap((service) => {
    const one = classified.find(({ name }) => name === service.name);
    if (!one) return [];
    const notes = [...updateNotes(service, one, environment), ...rollbackNotes(service)];
    return notes.length === 0 ? [] : [unlikeSwarm(service, notes)];
  });
}

function updateNotes(
  { deploy: { update, replicas } }: ComposeService,
  { name, role, alone }: ClassifiedService,
  environment: EnvironmentDefinition,
): string[] {
  if (!update) return [];
  if (role !== 'web')
    return [`update_config: it is followed for the service that gets traffic, and this is a ${role}`];
  const paced = update.written.filter((key) => ['parallelism', 'delay', 'order'].includes(key)).join(', ');
  const copies = environment.replicas[name] ?? replicas ?? 1;
  const atOnce = update.parallelism === 0 || update.parallelism >= copies;
  const notes: (string | false)[] = [
    paced !== '' &&
      !environment.unwritten.includes('strategy') &&
      `${paced}: "strategy" of slipway.yml says how traffic moves`,
    atOnce &&
      !alone &&
      update.written.includes('order') &&
      update.order === 'stop-first' &&
      'order: all copies are replaced at once, so the new ones start first; nobody would be there else',
    ...failureNotes(update, environment),
  ];
  return notes.filter((note) => note !== false);
}

function failureNotes(update: UpdateRules, { unwritten, bakeMs }: EnvironmentDefinition): (string | false)[] {
  return [
    update.written.includes('failure_action') &&
      update.failureAction !== 'rollback' &&
      `failure_action: ${update.failureAction}: a rollout that fails always goes back`,
    update.maxFailureRatio > 0 && 'max_failure_ratio: one copy that fails takes the rollout back',
    update.written.includes('monitor') &&
      !unwritten.includes('bake') &&
      update.monitorMs > bakeMs &&
      `monitor: "bake" of slipway.yml says how long it is watched, ${formatDuration(bakeMs)}`,
  ];
}

function rollbackNotes({ deploy: { rollback } }: ComposeService): string[] {
  return rollback ? ['rollback_config: on the way back all traffic moves at once'] : [];
}

function unlikeSwarm({ name, at }: ComposeService, notes: string[]): Finding {
  return {
    code: 'app/unlike-swarm',
    severity: 'warning',
    message: `"${name}" asks in "deploy" for what is done otherwise here`,
    at,
    notes,
    help: 'nothing has to change; remove what is not followed to be rid of this',
  };
}
