import type { PublishedPort } from '../compose/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import type { RoleRules } from './routed-service.ts';
import type { ServiceFacts } from './service-facts.ts';
import type { ClassifiedService } from './classified-service.ts';

/** Finds what two containers cannot hold at once: ports of the host, its network, volumes of which nobody said that two may. */
export function checkPlaces(
  facts: ServiceFacts[],
  services: ClassifiedService[],
  context: { rules: RoleRules; port: number | null },
): Finding[] {
  return services.flatMap((one, index) => {
    const own = facts[index];
    return own
      ? [
          ...checkPorts(own, one, context),
          ...checkNetwork(own, one),
          ...checkVolumes(own, one, context),
          ...checkProxy(own),
          ...checkDowntime(one, context),
        ]
      : [];
  });
}

function checkPorts(
  facts: ServiceFacts,
  { name, role, overlap }: ClassifiedService,
  { port }: { port: number | null },
): Finding[] {
  // Without a port of the app nothing certain can be said about the others.
  if (!overlap || (role === 'web' && port === null)) return [];
  const held = role === 'web' ? facts.fixedPorts.filter((one) => !leftToRouter(one, port)) : facts.fixedPorts;
  return held.map((one) => {
    const written = `${one.published}:${one.target}`;
    const other =
      role === 'web'
        ? `and let users reach it through the router alone; or let them wait while it is replaced, in slipway.yml: ${allowDowntime(name)}`
        : role === 'companion'
          ? `or give up on two of it, in slipway.yml: services: { ${name}: { role: worker } }`
          : `or let its predecessor end first, in slipway.yml: services: { ${name}: { overlap: false } }`;
    return {
      code: 'app/fixed-port',
      severity: 'error',
      message: `"${name}" (${role}) runs twice while a rollout moves, and two containers cannot hold port ${one.published} of the host`,
      at: one.at,
      notes: [`others of the app reach it as ${name}:${one.target} without any port of the host`],
      help: `remove "${written}" from its ports, ${other}`,
    };
  });
}

/** The router takes the place of the port that it leads to, and of its TLS. */
export function leftToRouter(
  { target, protocol, published }: Pick<PublishedPort, 'target' | 'protocol' | 'published'>,
  port: number | null,
): boolean {
  return (
    target === port ||
    published === 80 ||
    published === 443 ||
    target === 443 ||
    (protocol === 'udp' && target === port)
  );
}

function checkNetwork({ service }: ServiceFacts, { name, role, overlap }: ClassifiedService): Finding[] {
  if ((!overlap && role !== 'web') || service.networkMode !== 'host') return [];
  return [
    {
      code: 'app/fixed-port',
      severity: 'error',
      message: `"${name}" (${role}) runs twice while a rollout moves, and on the network of the host two of it would want the same ports`,
      at: service.at,
      notes: [],
      help: `remove "network_mode: host" from ${name}`,
    },
  ];
}

function checkVolumes(
  facts: ServiceFacts,
  { name, role, overlap }: ClassifiedService,
  { rules }: { rules: RoleRules },
): Finding[] {
  const said = rules.services[name];
  const [volume] = facts.ownVolumes;
  if (role === 'web' && said?.overlap === false) return [cannotBeAlone(name, facts, said.at)];
  if (
    !overlap ||
    volume === undefined ||
    said?.overlap === true ||
    (said?.role !== undefined && role !== 'web')
  )
    return [];
  const what = `"${name}" (${role}) alone writes into the volume "${volume}", and while a rollout moves, two of it hold that at once`;
  if (role === 'web') {
    return [
      {
        code: 'app/volume-held-twice',
        severity: 'warning',
        message: what,
        at: facts.service.at,
        notes: [
          'files and SQLite bear that; stores that only one process may open do not, and the new revision would not become ready',
        ],
        help: `if it bears that, say so in slipway.yml: services: { ${name}: { overlap: true } }; if not, let users wait while it is replaced: ${allowDowntime(name)}`,
      },
    ];
  }
  return [
    {
      code: 'app/which-role',
      severity: 'error',
      message: what,
      at: facts.service.at,
      notes: [],
      help: `say in slipway.yml what it is: services: { ${name}: { role: companion } } if it bears that, { role: shared } if there is one for all revisions, or { role: worker } if its predecessor may end first`,
    },
  ];
}

function allowDowntime(name: string): string {
  return `services: { ${name}: { downtime: allowed } }`;
}

function checkDowntime({ name, role }: ClassifiedService, { rules }: { rules: RoleRules }): Finding[] {
  const said = rules.services[name];
  if (said?.downtime === undefined || role === 'web' || role === 'shared') return [];
  return [
    {
      code: 'app/impossible',
      severity: 'error',
      message: `services.${name}.downtime is of the service that gets the users' requests, or of a shared one, and this is a ${role}`,
      ...(said.at ? { at: said.at } : {}),
      notes: [],
      help: 'remove it',
    },
  ];
}

/** Proxies that find containers by themselves see two revisions as one, and bring traffic past the router. */
function checkProxy({ service }: ServiceFacts): Finding[] {
  const socket = service.mounts.find(
    (mount) => mount.kind === 'bind' && mount.source.endsWith('/docker.sock'),
  );
  if (!socket || !/(traefik|nginx-proxy|docker-gen|caddy-docker-proxy)(:|@|$)/.test(service.image ?? ''))
    return [];
  return [
    {
      code: 'app/docker-proxy',
      severity: 'error',
      message: `"${service.name}" finds containers through Docker's socket, so it would send traffic to old and new alike, past every check`,
      at: socket.at,
      notes: ["Slipway's router takes its place"],
      help: 'move it into a profile that is not active here, and say in slipway.yml which service gets traffic: route: { service: web, port: 3000 }',
    },
  ];
}

function cannotBeAlone(name: string, { service }: ServiceFacts, at: Finding['at']): Finding {
  return {
    code: 'app/impossible',
    severity: 'error',
    message: `"${name}" gets the users' requests, so two revisions of it run at once while traffic moves`,
    at: at ?? service.at,
    notes: [],
    help: `if users may wait while it is replaced, say so instead: ${allowDowntime(name)}`,
  };
}
