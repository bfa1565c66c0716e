import type { Finding } from '../diagnostics/index.ts';
import type { App, ServiceRules } from './model.ts';
import type { ServiceFacts } from './service-facts.ts';

/** The service that gets traffic. */
export interface RoutedService {
  name: string;
  /** Why it is this one, for people. */
  reason: string;
}

/** Rules of slipway.yml that say what a service is. */
export interface RoleRules extends Pick<App, 'route'> {
  services: Record<string, Omit<ServiceRules, 'at'> & { at?: ServiceRules['at'] }>;
}

/** Names that say that a service gets the users' requests. */
const usualNames = ['web', 'app', 'www', 'frontend', 'site', 'website', 'nginx', 'proxy', 'gateway'];

/**
 * Tells which service gets traffic: the one that slipway.yml names, else the only one that can, else the obvious one.
 *
 * @param candidates - Services that are neither shared nor tasks, nor given another role.
 * @returns null for an app that nobody sends requests to; a finding where there is a choice.
 */
export function routedService(
  candidates: ServiceFacts[],
  rules: RoleRules,
): { routed: RoutedService | null; findings: Finding[] } {
  const said = rules.route.service;
  if (said !== null) return found(said, 'slipway.yml routes traffic to it');
  const role = Object.entries(rules.services).find(([, rule]) => rule.role === 'web');
  if (role) return found(role[0], 'slipway.yml says so');
  const publishing = candidates.filter(({ published }) => published.length > 0);
  const [only] = publishing;
  if (only && publishing.length === 1)
    return found(only.service.name, `it alone publishes a port: ${portsText(only)}`);
  if (publishing.length > 1) {
    const obvious = obviousOf(publishing);
    return obvious ? { routed: obvious, findings: [] } : { routed: null, findings: [choice(publishing)] };
  }
  const exposing = candidates.filter(({ service }) => service.expose.length > 0);
  const untold = exposing.filter(({ talk }) => talk.length === 0);
  const [exposed] = untold;
  if (exposed && untold.length === 1) {
    return found(
      exposed.service.name,
      `it exposes port ${exposed.service.expose.join(', ')}, and no other service talks to it`,
    );
  }
  return untold.length > 1 ? { routed: null, findings: [choice(untold)] } : { routed: null, findings: [] };
}

function found(name: string, reason: string): { routed: RoutedService; findings: Finding[] } {
  return { routed: { name, reason }, findings: [] };
}

/** The first of these questions that exactly one service answers with yes. */
function obviousOf(publishing: ServiceFacts[]): RoutedService | null {
  const questions: [string, (facts: ServiceFacts) => boolean][] = [
    [
      'it alone publishes port 80 or 443',
      ({ published }) => published.some((port) => port.published === 80 || port.published === 443),
    ],
    ['it alone of those that publish ports is built here', ({ ownCode }) => ownCode],
    ['of those that publish ports its name says it', ({ service }) => usualNames.includes(service.name)],
    ['of those that publish ports no other service talks to it', ({ talk }) => talk.length === 0],
  ];
  for (const [reason, answer] of questions) {
    const yes = publishing.filter(answer);
    if (yes.length === 1 && yes[0]) return { name: yes[0].service.name, reason };
  }
  return null;
}

function choice(services: ServiceFacts[]): Finding {
  const names = services.map(({ service }) => service.name);
  const [first] = services;
  return {
    code: 'app/which-service',
    severity: 'error',
    message: `several services could get the users' requests: ${names.map((name) => `"${name}"`).join(', ')}`,
    ...(first ? { at: first.service.at } : {}),
    notes: services.map((facts) => `${facts.service.name}: ${portsText(facts)}`),
    help: `say which in slipway.yml: route: { service: ${names[0]} }`,
  };
}

function portsText({ published, service }: ServiceFacts): string {
  const ports = published.map(({ published: host, target }) =>
    host === null ? `${target}` : `${host}:${target}`,
  );
  return ports.length > 0 ? ports.join(', ') : `exposes ${service.expose.join(', ')}`;
}

/** The port that the routed service listens on in its container, or a finding that asks for it. */
export function routedPort(
  facts: ServiceFacts,
  { route }: RoleRules,
): { port: number | null; findings: Finding[] } {
  if (route.port !== null) return { port: route.port, findings: [] };
  const targets = [...new Set(facts.published.map(({ target }) => target))];
  const open = targets.length > 0 ? targets : facts.service.expose;
  // A router speaks HTTP to its copies; what is published as 443 is the same app once more.
  const plain =
    facts.published.find(({ published }) => published === 80)?.target ??
    open.filter((port) => port !== 443)[0];
  const clear =
    open.length === 1 ||
    (open.length === 2 && open.includes(443)) ||
    facts.published.some(({ published }) => published === 80);
  if (plain !== undefined && clear) return { port: plain, findings: [] };
  const { name, at } = facts.service;
  const message =
    open.length === 0
      ? `"${name}" gets the users' requests, and neither publishes nor exposes a port`
      : open.length === 1
        ? `"${name}" opens port ${open[0]} alone, which is for TLS, and the router speaks plain HTTP to it`
        : `"${name}" gets the users' requests, and opens several ports: ${open.join(', ')}`;
  return {
    port: null,
    findings: [
      {
        code: 'app/which-port',
        severity: 'error',
        message,
        at,
        notes: [],
        help: `say which in slipway.yml: route: { service: ${name}, port: ${plain ?? 3000} }`,
      },
    ],
  };
}
