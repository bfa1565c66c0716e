import { posix } from 'node:path';
import type { ComposeProject, Mount } from '../compose/index.ts';
import { homeOf, type EnvironmentState, type Revision } from '../delivery/index.ts';
import type { Finding, Span } from '../diagnostics/index.ts';
import { volumeName } from '../targets/index.ts';
import { meet, placeBehind, plainPath } from './data-places.ts';
import type { Stranger } from './machines/strangers.ts';
import { holdsMarker } from './secret-markers.ts';
import { strangerFinding } from './stranger-finding.ts';

/** What an environment is to run next, as far as its data goes. */
export type DataWish = Pick<Revision, 'machines' | 'project' | 'shared'> & { scope: string };

/** What else is asked about the data of shared services. */
export interface DataFacts {
  /** All environments of this home, the wish's own among them. */
  states: EnvironmentState[];
  /** Whether the commit has the path: then it is mounted from the release, where nothing writes. */
  isInCommit: (path: string) => boolean;
  /** On the machine where the shared services run: who else writes to `placesOf` them. */
  strangers: Stranger[];
}

/** A volume or folder that a service writes to. */
interface Data {
  /** The same for two services when they would write to the same place. */
  key: string;
  /** What an engine knows it by; null where nobody else would mount it. */
  place: string | null;
  what: string;
  /** Path inside the repository; null for a volume and for a path of the machine. */
  inRepository: string | null;
  at: Span;
}

/** A shared service that runs, or is about to, and what it writes to. */
interface Holder {
  scope: string;
  service: string;
  data: Data[];
}

/**
 * What stands in the way of a shared service's data being its own: two database servers on one volume destroy it. Of
 * this environment the services that run count, and of all others also those that are to come. Only a warning where
 * the service runs already, for then nothing is started.
 */
export function sharedDataFindings(wish: DataWish, { states, isInCommit, strangers }: DataFacts): Finding[] {
  const own = states.find(({ scope }) => scope === wish.scope);
  const runs = (name: string) => own?.shared.some(({ service }) => service.name === name) ?? false;
  const holders = states.flatMap((state) => holdersOf(state, state.scope !== wish.scope));
  const coming: Holder[] = [];
  return wish.shared.flatMap(({ name }) => {
    const starts = !runs(name);
    const data = dataOf(wish, name).filter(
      ({ inRepository }) => inRepository === null || !isInCommit(inRepository),
    );
    const others = [...holders, ...(starts ? coming : [])].filter(
      ({ scope, service }) => scope !== wish.scope || service !== name,
    );
    if (starts) coming.push({ scope: wish.scope, service: name, data });
    return data.flatMap((one) => {
      const holder = others.find((other) => other.data.some(({ key }) => key === one.key));
      const severity = starts ? 'error' : 'warning';
      const met = strangers.filter(({ places }) =>
        places.some((place) => one.place !== null && meet(one.place, place)),
      );
      const { what, at } = one;
      return [
        ...(holder ? [finding({ name, data: one, holder, own, wish, severity })] : []),
        ...met.map((stranger) => strangerFinding(stranger, { name, wish, what, at, severity })),
      ];
    });
  });
}

/** The paths inside the repository that shared services mount to write. */
export function repositoryPaths(wish: DataWish): string[] {
  return wish.shared.flatMap(({ name }) =>
    dataOf(wish, name).flatMap(({ inRepository }) => (inRepository === null ? [] : [inRepository])),
  );
}

/** What an engine is to be asked about: the places of its machine that shared services write to. */
export function placesOf(wish: DataWish): string[] {
  return wish.shared.flatMap(({ name }) => dataOf(wish, name).flatMap(({ place }) => place ?? []));
}

function holdersOf(
  { scope, shared, replacing, rollout, queue }: EnvironmentState,
  withComing: boolean,
): Holder[] {
  const running = [...shared, replacing?.next, replacing?.back].flatMap((one) =>
    one ? [{ revision: one.revision, name: one.service.name }] : [],
  );
  const requested = [rollout?.candidate, ...queue.map(({ revision }) => revision)];
  const coming = requested.flatMap((revision) =>
    revision ? revision.shared.map(({ name }) => ({ revision, name })) : [],
  );
  return [...running, ...(withComing ? coming : [])].map(({ revision, name }) => ({
    scope,
    service: name,
    data: dataOf({ ...revision, scope }, name),
  }));
}

function dataOf({ scope, machines, project }: Omit<DataWish, 'shared'>, name: string): Data[] {
  const service = project?.services.find((one) => one.name === name);
  const machine = homeOf({ machines });
  return (service?.mounts ?? [])
    .filter((mount) => mount.kind !== 'tmpfs' && !mount.readOnly)
    .flatMap((mount) => writtenBy(mount, scope, project))
    .map((data) => ({ ...data, key: `${machine} ${data.key}` }));
}

function writtenBy(mount: Mount, scope: string, project: ComposeProject | null): Data[] {
  if (mount.kind === 'tmpfs' || mount.source === null) return [];
  const { source, at } = mount;
  if (mount.kind === 'volume') {
    const settings = project?.volumes[source];
    const name = settings?.name ?? (settings?.external ? source : volumeName(scope, source));
    const part = mount.subpath === null ? '' : `/${posix.normalize(mount.subpath)}`;
    const place = `${placeBehind(settings?.driverOptions ?? {}) ?? `volume ${name}`}${part}`;
    return [{ key: place, place, what: `the volume "${name}"`, inRepository: null, at }];
  }
  const path = plainPath(source);
  const what = `the folder "${path}"`;
  if (!path.startsWith('/')) return [{ key: `${scope} ${path}`, place: null, what, inRepository: path, at }];
  if (isOfSystem(path)) return [];
  // What a marker stands for may differ from one environment to the next.
  const place = holdsMarker(path) ? null : path;
  return [{ key: place ?? `${scope} ${path}`, place, what, inRepository: null, at }];
}

/** Nobody's data lies there: sockets, devices, the clock. Many services mount the same of it without `:ro`. */
function isOfSystem(path: string): boolean {
  return path === '/' || /^\/(dev|etc|proc|run|sys|usr|var\/run)(\/|$)/.test(path);
}

interface Conflict {
  name: string;
  data: Data;
  holder: Holder;
  own: EnvironmentState | undefined;
  wish: DataWish;
  severity: Finding['severity'];
}

function finding({ name, data, holder, own, wish, severity }: Conflict): Finding {
  const whose = holder.scope === wish.scope ? '' : ` of ${holder.scope}`;
  return {
    code: 'wiring/data-taken',
    severity,
    message: `"${name}" of ${wish.scope} would write to ${data.what}, which is the data of the shared service "${holder.service}"${whose}`,
    at: data.at,
    notes: ['two servers on the same data destroy it'],
    help: holder.scope === wish.scope ? wayWithin(name, holder.service, own) : wayBetween(wish.scope),
  };
}

/** What `slipway apply` does depends on what serves: it ends only what that no longer defines. */
function wayWithin(name: string, holder: string, own: EnvironmentState | undefined): string {
  const apart = `give "${name}" a volume or folder of its own`;
  if (!own?.shared.some(({ service }) => service.name === holder)) return apart;
  const [, environment = ''] = own.scope.split('/');
  const end = `slipway apply ${holder} --environment ${environment}`;
  return own.stable?.shared.some((service) => service.name === holder)
    ? `keep the name "${holder}"; or ${apart}; or ship a commit without both, then end the old one (${end}), then ship this`
    : `end the old one first: ${end}; or ${apart}`;
}

function wayBetween(scope: string): string {
  return `give ${scope} a volume or folder of its own: write its name as a variable in the Compose file, such as \${DATA}, and set DATA in "env" of each environment in slipway.yml`;
}
