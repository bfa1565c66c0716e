import { leftToRouter, type ComposeAppService } from '../../app/index.ts';
import type { ComposeProject, ComposeService } from '../../compose/index.ts';
import { sameShared } from '../../delivery/index.ts';
import { replacedShared } from './alone.ts';
import { differences, type Difference } from './differences.ts';
import type { ForecastFacts, ServiceForecast } from './model.ts';

/** What becomes of each service, against what runs. */
export function forecastServices(facts: ForecastFacts): ServiceForecast[] {
  const known = new Set(facts.app.services.map(({ name }) => name));
  return [...facts.app.services.map((one) => forecastOne(one, facts)), ...goneServices(facts, known)];
}

function forecastOne(one: ComposeAppService, facts: ForecastFacts): ServiceForecast {
  const { name, role, reason, replicas: copies } = one;
  const { app, state } = facts;
  const service = app.project.services.find((candidate) => candidate.name === name);
  const common = { name, role, reason, copies };
  if (!service) return { ...common, change: 'new', notes: [] };
  if (role === 'shared') return { ...common, ...sharedChange(service, facts) };
  const stable = state?.stable ?? null;
  const before = stable?.project ? find(stable.project, name) : undefined;
  const left = role === 'web' ? leftOut(service, one.alone ? (app.web?.port ?? null) : undefined) : [];
  if (!stable || !before) return { ...common, change: 'new', notes: left };
  const notes = differences({
    before,
    now: service,
    projects: { before: stable.project, now: app.project },
    secrets: { before: stable.configuration.secrets, now: facts.secrets },
    changedFiles: facts.changedFiles,
    ignoreFiles: facts.ignoreFiles,
  } satisfies Difference);
  const beforeCopies = stable.processes.find((process) => process.name === name)?.replicas ?? 1;
  if (role !== 'task' && beforeCopies !== copies) notes.push(`copies ${beforeCopies} → ${copies}`);
  return { ...common, change: notes.length > 0 ? 'changed' : 'same', notes: [...notes, ...left] };
}

function sharedChange(
  service: ComposeService,
  facts: ForecastFacts,
): Pick<ServiceForecast, 'change' | 'notes'> {
  const running = facts.state?.shared.find((one) => one.service.name === service.name);
  if (!running) return { change: 'new', notes: ['starts once, and stays'] };
  const now = facts.shared.find(({ name }) => name === service.name);
  if (now && sameShared(now, running.service)) return { change: 'same', notes: [] };
  const before = running.revision.project ? find(running.revision.project, service.name) : undefined;
  const notes = before
    ? differences({
        before,
        now: service,
        projects: { before: running.revision.project, now: facts.app.project },
        secrets: { before: running.revision.configuration.secrets, now: facts.secrets },
        changedFiles: null,
        ignoreFiles: {},
      })
    : [];
  const inside = now?.fingerprint === running.service.fingerprint;
  const other = inside ? 'files that it mounts, or values of its variables' : 'its volumes or networks';
  const changes = notes.length > 0 ? notes : [other];
  if (replacedShared(facts).includes(service.name))
    return { change: 'changed', notes: [...changes, 'stopped and started so while users wait'] };
  const apply = `kept as it runs; to stop it and start it so: slipway apply ${service.name}`;
  return { change: 'kept', notes: [...changes, apply, ...wayOfSecrets(service.name, notes)] };
}

/** A value that both sides must have comes to both only in one rollout: neither ship nor apply alone reaches it. */
function wayOfSecrets(name: string, notes: string[]): string[] {
  if (!notes.some((note) => note.startsWith('secret '))) return [];
  return [
    `where the app needs the same value, let users wait while a rollout brings it to both: services: { ${name}: { downtime: allowed } } in slipway.yml`,
  ];
}

/** The router takes the place of the ports that lead to the web service. */
function leftOut({ ports }: ComposeService, routed?: number | null): string[] {
  const fixed = ports
    .filter(({ published, protocol }) => published !== null && protocol === 'tcp')
    .filter((port) => routed === undefined || leftToRouter(port, routed));
  if (fixed.length === 0) return [];
  const written = fixed.map(({ published, target }) => `${published}:${target}`).join(', ');
  return [`reached through the router; ${written} of the host is left out`];
}

function goneServices({ state }: ForecastFacts, known: Set<string>): ServiceForecast[] {
  const processes = state?.stable?.processes ?? [];
  const gone = processes.filter(({ name }) => !known.has(name));
  const shared = (state?.shared ?? []).filter(({ service }) => !known.has(service.name));
  return [
    ...gone.map(({ name, replicas }): ServiceForecast => ({
      name,
      role: null,
      reason: 'it is not in the Compose file any more',
      copies: replicas,
      change: 'gone',
      notes: ['ends with the old revision'],
    })),
    ...shared.map(({ service: { name } }): ServiceForecast => ({
      name,
      role: null,
      reason: 'it is not in the Compose file any more',
      copies: 1,
      change: 'gone',
      notes: [`kept as it runs, with its data; to end it: slipway apply ${name}`],
    })),
  ];
}

function find({ services }: ComposeProject, name: string): ComposeService | undefined {
  return services.find((service) => service.name === name);
}
