import type { ComposeAppService } from '../../app/index.ts';
import { homeOf } from '../../delivery/index.ts';
import { standsAlone } from './alone.ts';
import type { ForecastFacts, MachineFacts, Surge } from './model.ts';

/** A machine, and the services that run there. */
interface Place extends Pick<MachineFacts, 'name' | 'images'> {
  services: ComposeAppService[];
}

/** What memory and disk two revisions at once need on a machine beside what runs. Shared services run once, whatever happens. */
export function surgeOf(
  { app, state, shared }: ForecastFacts,
  { name: machine, services, images }: Place,
): Surge {
  const limits = new Map(app.project.services.map(({ name, limits }) => [name, limits.memoryBytes]));
  const running = new Set((state?.shared ?? []).map(({ service }) => service.name));
  const alone = standsAlone({ app, state, shared });
  const stable = state?.stable ?? null;
  const old = new Set(
    stable && homeOf(stable) === machine
      ? stable.processes.filter(({ role }) => role === 'worker').map(({ name }) => name)
      : [],
  );
  const added = services.filter(({ name, role, overlap }) => {
    if (role === 'task') return false;
    if (role === 'shared') return !running.has(name);
    // One that may not run twice takes the place of its predecessor.
    if (role === 'web') return !alone;
    return role !== 'worker' || overlap || !old.has(name);
  });
  const sizes = services.map(({ name }) => ({ name, size: images[name] }));
  return {
    memoryBytes: added.reduce((sum, { name, replicas }) => sum + (limits.get(name) ?? 0) * replicas, 0),
    unlimited: added
      .filter(({ name, replicas }) => replicas > 0 && (limits.get(name) ?? null) === null)
      .map(({ name }) => name),
    diskBytes: sizes.reduce((sum, { size }) => sum + (size?.there === false ? size.aboutBytes : 0), 0),
    unknownImages: sizes.filter(({ size }) => size === undefined).map(({ name }) => name),
  };
}
