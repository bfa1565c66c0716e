import type { ComposeProject, ComposeService, PublishedPort } from '../compose/index.ts';
import { repositoryOf, statefulKind } from './stateful-images.ts';

/** What a Compose file shows of one service. */
export interface ServiceFacts {
  service: ComposeService;
  /** Its image holds code of this repository, or the code of a service that does. */
  ownCode: boolean;
  /** `a database`, for a well-known image. */
  stateful: string | null;
  /** Keys of named volumes that it writes into. */
  volumes: string[];
  /** Of these, the ones that no other service mounts. */
  ownVolumes: string[];
  /** Services that wait for its end. */
  waitedForBy: string[];
  /** Who talks to it, and how that shows: `"web" depends on it`. */
  talk: string[];
  /** TCP ports of the host that it holds, which no second container can. */
  fixedPorts: PublishedPort[];
  /** Container ports that are published, TCP. */
  published: PublishedPort[];
}

/** Gathers, for each service of a project, what tells its role. */
export function factsOf(project: ComposeProject): ServiceFacts[] {
  const { services } = project;
  const built = new Set(
    services.flatMap(({ build, image }) => (build && image !== null ? [repositoryOf(image)] : [])),
  );
  return services.map((service) => {
    const others = services.filter((other) => other !== service);
    const volumes = service.mounts.flatMap((mount) =>
      mount.kind === 'volume' && mount.source !== null && !mount.readOnly ? [mount.source] : [],
    );
    const published = service.ports.filter(({ protocol }) => protocol === 'tcp');
    return {
      service,
      ownCode: service.build !== null || (service.image !== null && built.has(repositoryOf(service.image))),
      stateful: service.build === null && service.image !== null ? statefulKind(service.image) : null,
      volumes: [...new Set(volumes)],
      ownVolumes: [...new Set(volumes)].filter((key) => !others.some((other) => mountsVolume(other, key))),
      waitedForBy: others
        .filter((other) => dependsOn(other, service.name, ['completed']))
        .map(({ name }) => name),
      talk: others.flatMap((other) => talkOf(other, service)),
      fixedPorts: service.ports.filter((port) => port.published !== null),
      published,
    };
  });
}

function mountsVolume({ mounts }: ComposeService, key: string): boolean {
  return mounts.some((mount) => mount.kind === 'volume' && mount.source === key);
}

function dependsOn(
  { dependsOn: dependencies }: ComposeService,
  name: string,
  conditions: readonly string[],
): boolean {
  return dependencies.some(({ service, condition }) => service === name && conditions.includes(condition));
}

/** Signs that one service talks to another: it waits for it to be up, or its environment names it as a host. */
function talkOf(from: ComposeService, to: ComposeService): string[] {
  if (dependsOn(from, to.name, ['started', 'healthy'])) return [`"${from.name}" depends on it`];
  const named = Object.entries(from.environment).find(
    ([key, value]) => value !== null && namesHost(key, value, to.name),
  );
  return named ? [`"${from.name}" names it in ${named[0]}`] : [];
}

/** `http://backend:4000/…`, `user@backend`, `backend:4000`; alone only where the variable is for hosts. */
function namesHost(key: string, value: string, name: string): boolean {
  const quoted = name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  if (new RegExp(String.raw`(^|[/@,;\s])${quoted}:\d+($|\D)`).test(value)) return true;
  if (new RegExp(String.raw`//([^/\s]*@)?${quoted}($|[/,;\s?])`).test(value)) return true;
  return value === name && /(HOST|ADDR|ADDRESS|SERVER|ENDPOINT|UPSTREAM|PROXY|TARGET)(NAME)?$/i.test(key);
}
