import type { ComposeProject, Mount } from '../compose/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import type { ClassifiedService } from './classified-service.ts';
import type { WrittenEnvironment } from './environment-shape.ts';
import type { EnvironmentDefinition } from './model.ts';

/** Finds machines that a list of slipway.yml names twice, each time written otherwise. */
export function checkMachineNames(name: string, environment: WrittenEnvironment): Finding[] {
  const first = new Map<string, string>();
  return (environment.machines?.value ?? []).flatMap(({ value, at }) => {
    const before = first.get(machineMeant(value));
    first.set(machineMeant(value), before ?? value);
    if (before === undefined) return [];
    return [
      {
        code: 'app/duplicate-item',
        severity: 'error',
        message: `environments.${name}.machines: "${value}" is "${before}", written otherwise`,
        at,
        notes: [],
        help: 'remove one of the two',
      },
    ];
  });
}

/** What ssh makes of it: `ssh://ana@host:22` is `ana@host`. */
function machineMeant(text: string): string {
  return text.replace(/^ssh:\/\/(.*?)(?::22)?$/, '$1');
}

/**
 * Finds what an app on several machines cannot have: state that only one of them would hold, services of which only one
 * may run anywhere, and volumes that are another on each.
 */
export function checkMachines(
  services: ClassifiedService[],
  project: ComposeProject,
  environment: EnvironmentDefinition,
): Finding[] {
  const { machines } = environment;
  if (machines.length === 1 && machines[0] === 'here') return [];
  return services.flatMap((one) => {
    if (one.role === 'shared') return [stateElsewhere(one, project, environment)];
    if (machines.length === 1) return [];
    return one.alone ? [aloneEverywhere(one, project, environment)] : volumesApart(one, project, environment);
  });
}

function stateElsewhere(
  { name, reason }: ClassifiedService,
  project: ComposeProject,
  environment: EnvironmentDefinition,
): Finding {
  const why =
    environment.machines.length > 1
      ? 'the containers of other machines could not reach it, and a second one would have other data'
      : 'what it holds would not move with it';
  return {
    code: 'app/state-on-machines',
    severity: 'error',
    message: `"${name}" holds state (${reason}), and ${why}`,
    at: atOf(name, project),
    notes: [placeOf(environment)],
    help: `run "${name}" where every machine reaches it, take it out of the Compose files, and give the app its address, for example: environments: { ${environment.name}: { env: { DATABASE_HOST: 10.0.0.9 } } }`,
  };
}

function aloneEverywhere(
  { name }: ClassifiedService,
  project: ComposeProject,
  environment: EnvironmentDefinition,
): Finding {
  return {
    code: 'app/impossible',
    severity: 'error',
    message: `services.${name}.downtime: only one of "${name}" may run at any time, and each machine would run one`,
    at: atOf(name, project),
    notes: [placeOf(environment)],
    help: 'name one machine, or remove "downtime" if two of it may run at once',
  };
}

/** Whoever writes on one machine is not read on the others, unless a driver brings the volume from elsewhere. */
function volumesApart(
  { name, role, overlap }: ClassifiedService,
  project: ComposeProject,
  environment: EnvironmentDefinition,
): Finding[] {
  const everywhere = role === 'web' || role === 'companion' || (role === 'worker' && overlap);
  const service = project.services.find((one) => one.name === name);
  if (!everywhere || !service) return [];
  const own = new Set(service.mounts.flatMap((mount) => ownOfMachine(mount, project)));
  return [...own].map((place) => ({
    code: 'app/volume-by-machine',
    severity: 'warning',
    message: `"${name}" writes into ${place}, which is another on each machine`,
    at: service.at,
    notes: [placeOf(environment)],
    help: 'nothing has to change for a cache; keep what users upload in a store that every machine reaches, or in a volume of a network, such as driver_opts: { type: nfs }',
  }));
}

function ownOfMachine(mount: Mount, { volumes }: ComposeProject): string[] {
  if (mount.kind === 'tmpfs' || mount.readOnly || mount.source === null) return [];
  if (mount.kind === 'bind')
    return mount.source.startsWith('/') && !mount.source.endsWith('.sock') ? [`"${mount.source}"`] : [];
  const { driver = null, driverOptions = {} } = volumes[mount.source] ?? {};
  const network = /^(nfs|cifs|smb|ceph|glusterfs|9p)/.test(driverOptions['type'] ?? '');
  return network || (driver !== null && driver !== 'local') ? [] : [`the volume "${mount.source}"`];
}

function placeOf({ name, machines }: EnvironmentDefinition): string {
  return `slipway.yml, environments.${name}.machines: ${machines.join(', ')}`;
}

function atOf(name: string, { services }: ComposeProject): Finding['at'] {
  return services.find((one) => one.name === name)?.at;
}
