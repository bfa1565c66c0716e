import {
  knownRevisions,
  webProcess,
  type CommandObservation,
  type DesiredInstance,
  type EnvironmentState,
  type InstanceObservation,
  type Preparation,
  type ProbeWish,
  type Revision,
  type Target,
} from '../delivery/index.ts';
import { unreachable } from '../diagnostics/index.ts';
import { readLogTail } from '../supervisor/index.ts';
import type { ContainerProbe, DockerTarget, Probe, ProcessTarget } from '../targets/index.ts';
import { copySpec, preparationSpec, taskSpec, type ContainerParts } from './containers.ts';
import { logFileOf, processSpec, processTask, type ProcessParts } from './processes.ts';
import { smokeFailure } from './smoke.ts';

/** Everything that copies are started with. */
export interface PlaceParts extends ProcessParts, ContainerParts {
  processes: ProcessTarget;
  /** Connects when it is first asked something. */
  containers: DockerTarget;
}

/**
 * Where the copies of one environment run. While an app moves from a Procfile to Compose, or back, it has processes and
 * containers at once; ids of copies are unique over both.
 */
export interface Place extends Target {
  observe(wishes: readonly ProbeWish[]): Promise<InstanceObservation[]>;
  observePrepared(revision: Revision): Promise<Preparation>;
  observeCommand(revision: Revision, key: string): Promise<CommandObservation>;
  /** The end of what a command has said so far. */
  readCommandLog(revision: Revision, key: string): Promise<string[]>;
  /** Lets go of a command that has been taken into account. */
  forgetCommand(command: { revision: Revision; key: string }, fence: number): Promise<void>;
}

const tailLines = 20;

/** The place of an environment as it stands. Docker is asked only where a revision has containers. */
export function placeOf(state: EnvironmentState, parts: PlaceParts): Place {
  const { scope } = state;
  const { processes, containers } = parts;
  const inContainers = hasContainers(state);
  return {
    start: async (instance, fence) => {
      if (isContainer(instance)) await containers.start(await copySpec(scope, instance, parts), fence);
      else await processes.start(await processSpec(scope, instance, parts), fence);
    },
    stop: async (id, fence) => {
      const asProcess = (await processes.observe(scope, [])).some((seen) => seen.id === id);
      if (asProcess || !inContainers) await processes.stop(scope, id, fence);
      else await containers.stop(scope, id, fence);
    },
    runCommand: async ({ key, revision, name, command }, fence) => {
      const asked = { key, revision, task: { name, command } };
      if (revision.project) await containers.runCommand(await taskSpec(scope, asked, parts), fence);
      else await processes.runCommand(await processTask(scope, asked, parts), fence);
    },
    prepare: async (revision, fence) => {
      // The files of a release are here already; plain processes need nothing else.
      if (revision.project) await containers.prepare(await preparationSpec(scope, revision, parts), fence);
    },
    observePrepared: async (revision) =>
      revision.project
        ? containers.observePrepared(await preparationSpec(scope, revision, parts))
        : Promise.resolve('done'),
    observe: async (wishes) => {
      const [plain, contained] = await Promise.all([
        processes.observe(scope, wishes.filter((wish) => !isContainer(wish)).map(processProbe)),
        inContainers ? containers.observe(scope, wishes.filter(isContainer).map(containerProbe)) : [],
      ]);
      const addressed = contained.map((seen) => withPort(seen, state));
      return Promise.all([...plain, ...addressed].map((seen) => withSmoke(seen, wishes)));
    },
    observeCommand: ({ project }, key) =>
      project ? containers.observeCommand(scope, key) : processes.observeCommand(scope, key),
    readCommandLog: async ({ project }, key) =>
      project
        ? containers.readLog(scope, key, tailLines)
        : readLogTail(await logFileOf(parts.layout, scope, key), tailLines),
    forgetCommand: ({ revision, key }, fence) =>
      revision.project
        ? containers.forgetCommand(scope, key, fence)
        : processes.forgetCommand(scope, key, fence),
  };
}

/** Whether anything of the environment may run in containers. */
export function hasContainers(state: EnvironmentState): boolean {
  const shared = state.shared.map(({ revision }) => revision);
  const queued = state.queue.map(({ revision }) => revision);
  return [...knownRevisions(state), ...shared, ...queued].some(({ project }) => project !== null);
}

function isContainer({ revision }: DesiredInstance): boolean {
  return revision.project !== null;
}

function processProbe({ id, revision: { health } }: ProbeWish): Probe {
  return { instance: id, path: health.path, probeTimeoutMs: health.probeTimeoutMs };
}

function containerProbe({ id, revision, process }: ProbeWish): ContainerProbe {
  const { health, port } = revision;
  const isWeb = process.role === 'web';
  return {
    instance: id,
    port: isWeb ? port : null,
    check: isWeb ? webCheck(revision) : { kind: 'own' },
    probeTimeoutMs: health.probeTimeoutMs,
  };
}

function webCheck({ health }: Revision): ContainerProbe['check'] {
  switch (health.probe) {
    case 'http':
      return { kind: 'http', path: health.path };
    case 'tcp':
      return { kind: 'tcp' };
    case 'command':
      return { kind: 'command', command: health.command ?? '' };
    default:
      return unreachable(health.probe);
  }
}

/** The engine knows where a container is; on which port it answers, its revision says. */
function withPort(seen: InstanceObservation, state: EnvironmentState): InstanceObservation {
  const revision = knownRevisions(state).find(({ id }) => id === seen.revision);
  const routed = revision && webProcess(revision)?.name === seen.process;
  return routed && seen.host !== '' && seen.phase === 'running' ? { ...seen, port: revision.port } : seen;
}

async function withSmoke(
  seen: InstanceObservation,
  wishes: readonly ProbeWish[],
): Promise<InstanceObservation> {
  const wish = wishes.find(({ id }) => id === seen.id);
  if (!wish?.smoke || seen.probe !== 'ready' || seen.port === null) return seen;
  const { smoke: requests, health } = wish.revision;
  const { host, port } = seen;
  const failed = await smokeFailure({ host, port, requests, timeoutMs: health.probeTimeoutMs });
  return failed === null ? seen : { ...seen, probe: { failed } };
}
