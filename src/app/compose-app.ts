import { loadCompose } from '../compose/index.ts';
import type { ComposeProject, ComposeService, ComposeSources, StandIns } from '../compose/index.ts';
import { didYouMean } from '../diagnostics/index.ts';
import type { Finding, Result } from '../diagnostics/index.ts';
import { composeBake, composeHealth, composeStrategy, type Awaited } from './compose-defaults.ts';
import { localPorts } from './local-ports.ts';
import { checkMachines } from './machine-checks.ts';
import type { App, EnvironmentDefinition } from './model.ts';
import { classifyServices } from './service-roles.ts';
import type { RoleRules } from './routed-service.ts';
import { checkUpdates } from './update-checks.ts';
import type { ClassifiedService } from './classified-service.ts';

/** A service with its role, and how many of it should run. */
export interface ComposeAppService extends ClassifiedService {
  replicas: number;
}

/** A Compose app, resolved for one environment. */
export interface ComposeApp {
  project: ComposeProject;
  /** Each after those it depends on. */
  services: ComposeAppService[];
  /** The service that gets traffic and its port; null for an app without one. */
  web: { service: string; port: number } | null;
  /** In order. `command` runs with `sh -c` in the service's image; empty for what its image or the file says. */
  tasks: { name: string; command: string }[];
  /** With what slipway.yml leaves to the Compose file: strategy and health; without hosts where nothing gets traffic. */
  environment: EnvironmentDefinition;
}

/** What resolving takes. */
export interface ComposeAppRequest {
  app: App;
  environment: EnvironmentDefinition;
  sources: ComposeSources;
  /** Variables of the environment, over those of the commit's `.env`; markers in place of secrets. */
  env: Readonly<Record<string, string>>;
  /** What the markers are; without it there are none. */
  standIns?: StandIns;
  /** A text as its container gets it. Roles are read from it: the host that a variable names may be a secret. */
  reveal?: (text: string) => string;
}

/** Resolves a Compose app for an environment: the project, the role of each service, order, copies; or every mistake. */
export function composeFor(request: ComposeAppRequest): Result<ComposeApp> {
  const { app, environment, reveal = (text) => text, ...given } = request;
  const { files, profiles } = app.compose ?? { files: null, profiles: [] };
  const loaded = loadCompose({ files, profiles, ...given, name: app.name });
  if (!loaded.ok) return loaded;
  const project = loaded.value;
  const { services, web, findings } = classifyServices(
    withRevealed(project, reveal),
    withOverlap(app, environment, project),
  );
  const all = [
    ...loaded.warnings,
    ...findings,
    ...checkCopies(services, project, environment),
    ...(web ? [] : checksOfNobody(environment)),
    ...services.filter(({ alone }) => alone).flatMap((one) => checkAlone(one, project, { app, environment })),
    ...checkMachines(services, project, environment),
    ...checkUpdates(project.services, services, environment),
  ];
  if (all.some(({ severity }) => severity === 'error')) return { ok: false, findings: all };
  const copies = services.map((one) => ({ ...one, replicas: replicasOf(one, project, environment) }));
  const routed = project.services.find(({ name }) => name === web?.service);
  const { command } = environment.migration;
  return {
    ok: true,
    value: {
      project,
      services: copies,
      web,
      tasks: [
        ...services.filter(({ role }) => role === 'task').map(({ name }) => ({ name, command: '' })),
        ...(command !== null && web ? [{ name: web.service, command }] : []),
      ],
      environment: {
        ...environment,
        hosts: web ? environment.hosts : [],
        strategy: services.some(({ alone }) => alone)
          ? environment.strategy
          : composeStrategy(environment, routed, copies),
        health: composeHealth(environment, awaitedOf(services, project)),
        bakeMs: composeBake(environment, routed),
      },
    },
    warnings: [...all, ...localPorts(project, services, web?.port ?? null)],
  };
}

/** Services that a rollout waits for until they are ready. */
function awaitedOf(services: ClassifiedService[], project: ComposeProject): Awaited[] {
  return services.flatMap(({ name, role, after }) => {
    const service = project.services.find((one) => one.name === name);
    return service && (role === 'web' || role === 'companion' || role === 'shared')
      ? [{ service, role, after }]
      : [];
  });
}

/** The project with its services' variables as containers get them; to be looked at, never to be kept. */
function withRevealed(project: ComposeProject, reveal: (text: string) => string): ComposeProject {
  const services = project.services.map((service) => {
    const variables = Object.entries(service.environment);
    const environment = variables.map(([name, value]) => [name, value === null ? null : reveal(value)]);
    return { ...service, environment: Object.fromEntries(environment) as ComposeService['environment'] };
  });
  return { ...project, services };
}

/** `overlap` of an environment says the same as that of a service, there alone. */
function withOverlap(
  { route, services }: App,
  { overlap }: EnvironmentDefinition,
  project: ComposeProject,
): RoleRules {
  const there = overlap.filter((name) => project.services.some((service) => service.name === name));
  const more = there.map((name) => [name, { ...services[name], overlap: true }] as const);
  return { route, services: { ...services, ...Object.fromEntries(more) } };
}

function replicasOf(
  { name, role }: ClassifiedService,
  { services }: ComposeProject,
  { replicas }: EnvironmentDefinition,
): number {
  if (role === 'shared' || role === 'task') return 1;
  const written = services.find((service) => service.name === name)?.deploy.replicas;
  return replicas[name] ?? written ?? 1;
}

function checkCopies(
  services: ClassifiedService[],
  project: ComposeProject,
  environment: EnvironmentDefinition,
): Finding[] {
  const known = services.map(({ name }) => name);
  const named = [
    ...Object.keys(environment.replicas).map((name) => ({ key: 'replicas', name })),
    ...environment.overlap.map((name) => ({ key: 'overlap', name })),
  ];
  const unknown = named.filter(({ name }) => known.length > 0 && !known.includes(name));
  return [
    ...unknown.map((one) => unknownName(one, known, environment)),
    ...services.flatMap((one) => {
      const service = project.services.find(({ name }) => name === one.name);
      return service ? checkCount(one, service, { project, environment }) : [];
    }),
  ];
}

function checkCount(
  one: ClassifiedService,
  service: ComposeService,
  { project, environment }: { project: ComposeProject; environment: EnvironmentDefinition },
): Finding[] {
  const { name, role } = one;
  const key = `environments.${environment.name}.replicas.${name}`;
  const said = environment.replicas[name];
  if ((role === 'shared' || role === 'task') && (said ?? service.deploy.replicas ?? 1) !== 1) {
    const why = role === 'shared' ? 'holds state, so there is one of it' : 'runs once, and then ends';
    return [
      impossible(
        `"${name}" (${role}) ${why}`,
        service,
        said === undefined ? 'remove its replicas from the Compose file' : `remove ${key} from slipway.yml`,
      ),
    ];
  }
  const count = replicasOf(one, project, environment);
  if (role === 'web' && count === 0) {
    return [
      impossible(
        `"${name}" has 0 replicas, so nobody would take traffic`,
        service,
        `write 1 or more into slipway.yml: environments: { ${environment.name}: { replicas: { ${name}: 1 } } }`,
      ),
    ];
  }
  const fixed = service.ports.find(({ published }) => published !== null);
  if (role !== 'worker' || count < 2 || !fixed) return [];
  return [
    impossible(
      `"${name}" has ${count} replicas, and only one container can hold port ${fixed.published} of the host`,
      { at: fixed.at },
      `remove "${fixed.published}:${fixed.target}" from its ports, or write 1 replica`,
    ),
  ];
}

/** What only one may hold cannot be spread over copies, and nobody can look at its successor beforehand. */
function checkAlone(
  one: ClassifiedService,
  project: ComposeProject,
  { app, environment }: { app: App; environment: EnvironmentDefinition },
): Finding[] {
  const { name } = one;
  const at = app.services[name]?.at ?? project.services.find((service) => service.name === name)?.at;
  const { strategy, unwritten } = environment;
  const count = replicasOf(one, project, environment);
  const atOnce = strategy.kind === 'blue-green' && !strategy.preview && strategy.hold.kind === 'none';
  const findings: Finding[] = [];
  const report = (why: string, help: string) =>
    findings.push({
      code: 'app/impossible',
      severity: 'error',
      message: `services.${name}.downtime: ${why}`,
      ...(at ? { at } : {}),
      notes: [],
      help,
    });
  if (count > 1)
    report(
      `only one of "${name}" may run at any time, and it has ${count} replicas`,
      'write 1 replica, or remove "downtime"',
    );
  if (!atOnce && !unwritten.includes('strategy'))
    report(
      `the old one ends before the new one starts, so environments.${environment.name} cannot move its users by "${strategy.kind}"${strategy.kind === 'blue-green' ? ' with a preview or a hold' : ''}`,
      `remove "strategy" from environments.${environment.name}, or "downtime"`,
    );
  return findings;
}

function checksOfNobody({ name, checks }: EnvironmentDefinition): Finding[] {
  if (![...checks.before, ...checks.after].some(({ kind }) => kind === 'request')) return [];
  return [
    {
      code: 'app/impossible',
      severity: 'error',
      message: `slipway.yml, environments.${name}.checks: no service gets the users' requests, so none can be checked`,
      notes: [],
      help: 'say which does, route: { service: web, port: 3000 }, or write checks with "run"',
    },
  ];
}

function unknownName(
  { key, name }: { key: string; name: string },
  known: string[],
  environment: EnvironmentDefinition,
): Finding {
  const near = didYouMean(name, known);
  return {
    code: 'app/unknown-service',
    severity: 'error',
    message: `slipway.yml, environments.${environment.name}.${key}: the Compose file has no active service "${name}"`,
    notes: [`active: ${known.join(', ')}`],
    help: near === undefined ? 'remove it' : `did you mean "${near}"?`,
  };
}

function impossible(message: string, { at }: Pick<ComposeService, 'at'>, help: string): Finding {
  return { code: 'app/impossible', severity: 'error', message, at, notes: [], help };
}
