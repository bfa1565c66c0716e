import { formatDuration, leftToRouter } from '../../app/index.ts';
import type { ComposeService } from '../../compose/index.ts';
import { replacedShared, standsAlone } from './alone.ts';
import type { Downtime, ForecastFacts } from './model.ts';

/** Which services are away for a while, why, and what to do about it. */
export function predictDowntime(facts: ForecastFacts): Downtime[] {
  return [
    ...lostRoute(facts),
    ...replacedDowntime(facts),
    ...plannedDowntime(facts),
    ...pausingWorkers(facts),
  ];
}

/** Users had a service to go to, and would have none. */
function lostRoute({ app, state }: ForecastFacts): Downtime[] {
  const old = state?.stable?.processes.find(({ role }) => role === 'web');
  if (!old || app.web) return [];
  return [
    {
      service: old.name,
      of: 'requests',
      why: 'no service of the commit gets traffic, so every request is answered 503 from then on',
      wayOut:
        'say which in slipway.yml: route: { service: web, port: 3000 }; or take the environment down instead',
    },
  ];
}

/** slipway.yml allows that users wait while a shared service is replaced. */
function replacedDowntime(facts: ForecastFacts): Downtime[] {
  const { health, drainTimeoutMs } = facts.app.environment;
  return replacedShared(facts).map((service) => ({
    service,
    of: 'requests',
    why: `it is stopped, and started as the release has it; users see the maintenance page from before that, at most ${formatDuration(drainTimeoutMs)} for the requests that are under way, until the new version is ready or the old one is back; it may take ${formatDuration(health.deadlineMs)} to come up`,
    wayOut: `to keep it as it runs: remove "downtime" from services.${service}`,
  }));
}

/** slipway.yml allows that users wait, because only one of the service may run. */
function plannedDowntime({ app, state }: ForecastFacts): Downtime[] {
  const next = app.services.find(({ role }) => role === 'web');
  if (!next || !standsAlone({ app, state, shared: [] })) return [];
  const service = app.project.services.find(({ name }) => name === next.name);
  const { drainTimeoutMs, health } = app.environment;
  const grace = service ? `, ${formatDuration(service.stopGraceMs)} for its end` : '';
  const times = `at most ${formatDuration(drainTimeoutMs)} for the requests that the old one has${grace}, and ${formatDuration(health.deadlineMs)} until the new one is ready, or the old one comes back`;
  const held = service && heldAlone(service, app.web?.port ?? null);
  return [
    {
      service: next.name,
      of: 'requests',
      why: `the old one ends before the new one starts${held ? `: ${held.why}` : ''}; users see the maintenance page meanwhile, ${times}`,
      wayOut: next.alone
        ? (held?.wayOut ?? `two of it may hold what it holds: remove "downtime" from services.${next.name}`)
        : 'nothing; the version that runs allows no second one beside it, the next one does',
    },
  ];
}

/** What of a web service only one container can hold, and how to do without. */
function heldAlone(service: ComposeService, webPort: number | null): { why: string; wayOut: string } | null {
  const port = service.ports.find((one) => one.published !== null && !leftToRouter(one, webPort));
  if (port)
    return {
      why: `only one container can hold port ${port.published} of the host`,
      wayOut: `move what answers on port ${port.target} into a service of its own`,
    };
  const volume = service.mounts.find(
    (mount) => mount.kind === 'volume' && mount.source !== null && !mount.readOnly,
  );
  if (volume?.kind !== 'volume') return null;
  return {
    why: `it writes into the volume "${volume.source}", which only one may hold`,
    wayOut: 'keep what it holds in a service of the role shared, such as a database',
  };
}

/** A worker that may not run twice ends before its successor starts. */
function pausingWorkers({ app, state }: ForecastFacts): Downtime[] {
  const old = (state?.stable?.processes ?? []).filter(({ role }) => role === 'worker');
  return app.services.flatMap((one) => {
    const before = old.find(({ name }) => name === one.name);
    if (one.role !== 'worker' || !before || (before.overlap && one.overlap)) return [];
    const service = app.project.services.find(({ name }) => name === one.name);
    const stop = state?.stable?.project?.services.find(({ name }) => name === one.name) ?? service;
    const upTo = stop ? `, up to ${formatDuration(stop.stopGraceMs)} for its end` : '';
    const { why, wayOut } = heldBy(one.name, service, { before: before.overlap, now: one.overlap });
    return [
      {
        service: one.name,
        of: 'work',
        why: `it pauses between the old one's end and the new one's start${upTo}: ${why}`,
        wayOut,
      },
    ];
  });
}

function heldBy(
  name: string,
  service: ComposeService | undefined,
  overlap: { before: boolean; now: boolean },
): { why: string; wayOut: string } {
  const allow = `services: { ${name}: { overlap: true } }`;
  const port = service?.ports.find(({ published }) => published !== null);
  if (port) {
    return {
      why: `only one container can hold port ${port.published} of the host`,
      wayOut: `remove "${port.published}:${port.target}" from its ports, and say in slipway.yml: ${allow}`,
    };
  }
  const volume = service?.mounts.find(
    (mount) => mount.kind === 'volume' && mount.source !== null && !mount.readOnly,
  );
  if (volume?.kind === 'volume') {
    return {
      why: `it writes into the volume "${volume.source}", which only one may hold unless you say otherwise`,
      wayOut: `if two of it bear that, say so in slipway.yml: ${allow}`,
    };
  }
  if (overlap.now) {
    return {
      why: 'the revision that runs does not say that two of it may run',
      wayOut: 'nothing; from the next rollout on there is no pause',
    };
  }
  return {
    why: 'two of it at once might do the same work twice',
    wayOut: `if two may run at once, say so in slipway.yml: ${allow}`,
  };
}
