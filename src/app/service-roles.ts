import type { ComposeProject } from '../compose/index.ts';
import { didYouMean } from '../diagnostics/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import type { ClassifiedService } from './classified-service.ts';
import type { ServiceRole } from './model.ts';
import { checkPlaces } from './place-checks.ts';
import { routedPort, routedService } from './routed-service.ts';
import type { RoleRules, RoutedService } from './routed-service.ts';
import { orderOf } from './service-order.ts';
import { factsOf } from './service-facts.ts';
import type { ServiceFacts } from './service-facts.ts';

/** What a Compose project is to a rollout. */
export interface Classified {
  /** In the order of the project: each after those it depends on. */
  services: ClassifiedService[];
  /** The service that gets traffic, and the port that it listens on in its container; null for an app without one. */
  web: { service: string; port: number } | null;
  findings: Finding[];
}

/** Decides what each service is to a rollout, and says why; where there is a choice, a finding asks. */
export function classifyServices(project: ComposeProject, rules: RoleRules): Classified {
  const facts = factsOf(project);
  const unknown = unknownServices(facts, rules);
  if (unknown.length > 0) return { services: [], web: null, findings: unknown };
  const candidates = facts.filter((one) => fixedRole(one, rules) === null);
  const { routed, findings } = routedService(candidates, rules);
  const roles = new Map(facts.map((one) => [one.service.name, roleOf(one, routed, rules)]));
  const web = facts.find(({ service }) => service.name === routed?.name);
  const port = web ? routedPort(web, rules) : { port: null, findings: [] };
  const services = facts.map(({ service }): ClassifiedService => {
    const { role, reason } = roles.get(service.name) ?? { role: 'worker', reason: '' };
    return {
      name: service.name,
      role,
      reason,
      overlap: overlapOf(role, rules.services[service.name]),
      alone: isAlone(role, rules.services[service.name]),
      mayBeAway: role === 'shared' && rules.services[service.name]?.downtime === 'allowed',
      after: [],
    };
  });
  const ordered = orderOf(facts, services);
  return {
    services: ordered.services,
    web: web && port.port !== null ? { service: web.service.name, port: port.port } : null,
    findings: [
      ...findings,
      ...port.findings,
      ...ordered.findings,
      ...checkPlaces(facts, ordered.services, { rules, port: port.port }),
    ],
  };
}

interface Role {
  role: ServiceRole;
  reason: string;
}

function roleOf(facts: ServiceFacts, routed: RoutedService | null, rules: RoleRules): Role {
  if (facts.service.name === routed?.name) return { role: 'web', reason: routed.reason };
  return fixedRole(facts, rules) ?? restRole(facts);
}

/** The role that a service has whether or not it could get traffic; null when that remains to be seen. */
function fixedRole(facts: ServiceFacts, rules: RoleRules): Role | null {
  const { service, waitedForBy, stateful, talk, published } = facts;
  const said = rules.services[service.name]?.role;
  if (said !== undefined) return said === 'web' ? null : { role: said, reason: 'slipway.yml says so' };
  if (service.name === rules.route.service) return null;
  if (waitedForBy.length > 0)
    return {
      role: 'task',
      reason: `${quoted(waitedForBy)} ${waitedForBy.length > 1 ? 'wait' : 'waits'} for its end`,
    };
  if (service.deploy.mode.endsWith('-job'))
    return { role: 'task', reason: `its deploy.mode is ${service.deploy.mode}` };
  if (stateful !== null) return { role: 'shared', reason: `its image is ${stateful}` };
  const ends = service.restart.policy === 'no' && talk.length === 0 && published.length === 0;
  if (ends && taskName.test(service.name))
    return { role: 'task', reason: 'it is named like a task, and nothing restarts it' };
  return null;
}

const taskName =
  /(^|[-_.])(migrat\w*|migrator|seed\w*|setup|init|initialize|bootstrap|release|prepare|collectstatic)([-_.]|$)/i;
const workerName =
  /(^|[-_.])(workers?|celery|beat|sidekiq|resque|horizon|queues?|consumers?|scheduler|cron|crons|jobs?|daemon)([-_.\d]|$)/i;

function restRole(facts: ServiceFacts): Role {
  const { service, ownCode, ownVolumes, talk, published, fixedPorts } = facts;
  if (!ownCode && ownVolumes.length > 0) {
    return {
      role: 'shared',
      reason: `it alone writes into the volume ${quoted(ownVolumes)}, and its image is not built here`,
    };
  }
  const open = published.length > 0 || service.expose.length > 0;
  if (!open && workerName.test(service.name))
    return { role: 'worker', reason: 'it is named like a worker, and opens no port' };
  if (talk[0] !== undefined) return { role: 'companion', reason: talk[0] };
  if (fixedPorts.length > 0) {
    const ports = fixedPorts.map((port) => port.published).join(', ');
    return {
      role: 'worker',
      reason: `it holds port ${ports} of the host, which two cannot, and no other service talks to it`,
    };
  }
  if (open) return { role: 'companion', reason: 'it opens a port' };
  return { role: 'worker', reason: 'no other service talks to it' };
}

type Said = RoleRules['services'][string] | undefined;

function overlapOf(role: ServiceRole, said: Said): boolean {
  if (role === 'web') return !isAlone(role, said);
  return role === 'companion' || (role === 'worker' && said?.overlap === true);
}

function isAlone(role: ServiceRole, said: Said): boolean {
  return role === 'web' && said?.downtime === 'allowed';
}

function unknownServices(facts: ServiceFacts[], { route, services }: RoleRules): Finding[] {
  const known = facts.map(({ service }) => service.name);
  const named = [
    ...(route.service === null ? [] : [{ name: route.service, key: 'route.service', at: undefined }]),
    ...Object.entries(services).map(([name, { at }]) => ({ name, key: `services.${name}`, at })),
  ];
  return named
    .filter(({ name }) => !known.includes(name))
    .map(({ name, key, at }) => {
      const near = didYouMean(name, known);
      return {
        code: 'app/unknown-service',
        severity: 'error',
        message: `slipway.yml, ${key}: the Compose file has no active service "${name}"`,
        ...(at ? { at } : {}),
        notes: [`active: ${known.join(', ')}`],
        help:
          near === undefined
            ? 'remove it, or add the profile of the service to "compose.profiles"'
            : `did you mean "${near}"?`,
      };
    });
}

function quoted(names: string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
