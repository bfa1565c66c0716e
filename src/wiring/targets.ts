import {
  here,
  knownRevisions,
  localId,
  machineOf,
  nameOn,
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
import type { ContainerProbe, Probe, ProcessTarget } from '../targets/index.ts';
import { copySpec, preparationSpec, taskSpec, type ContainerParts } from './containers.ts';
import type { Machine } from './machines/model.ts';
import { logFileOf, processSpec, processTask, type ProcessParts } from './processes.ts';
import { smokeFailure } from './smoke.ts';

/** Everything that copies are started with. */
export interface PlaceParts extends ProcessParts, ContainerParts {
  processes: ProcessTarget;
}

/**
 * Where the copies of one environment run on one machine. While an app moves from a Procfile to Compose, or back, this
 * machine has processes and containers at once; ids of copies are unique over both. Elsewhere there are containers alone.
 */
export interface Place extends Target {
  /** Those of this machine. Wishes and what is seen name copies as the engine of rollouts does. */
  observe(wishes: readonly ProbeWish[]): Promise<InstanceObservation[]>;
  observePrepared(revision: Revision): Promise<Preparation>;
  observeCommand(revision: Revision, key: string): Promise<CommandObservation>;
  /** The last lines that a copy or a command has said so far. Ids are the machine's own. */
  readLog(revision: Revision, id: string, lines: number): Promise<string[]>;
  /** Lets go of a command that has been taken into account. */
  forgetCommand(command: { revision: Revision; key: string }, fence: number): Promise<void>;
}

/** The place of an environment on a machine as it stands. Docker is asked only where a revision has containers. */
export function placeOf(state: EnvironmentState, machine: Machine, parts: PlaceParts): Place {
  const inContainers = hasContainers(state) ? containerPlace(state, machine, parts) : null;
  if (machine.name !== here) return containerPlace(state, machine, parts);
  const asProcesses = processPlace(state, parts);
  const placeFor = ({ project }: Revision) => (project && inContainers ? inContainers : asProcesses);
  return {
    start: (instance, fence) => placeFor(instance.revision).start(instance, fence),
    repair: (instance, fence) => placeFor(instance.revision).repair(instance, fence),
    stop: async (id, fence) => {
      const isProcess = (await parts.processes.observe(state.scope, [])).some((seen) => seen.id === id);
      await (isProcess ? asProcesses : (inContainers ?? asProcesses)).stop(id, fence);
    },
    runCommand: (command, fence) => placeFor(command.revision).runCommand(command, fence),
    prepare: (revision, fence) => placeFor(revision).prepare(revision, fence),
    observePrepared: (revision) => placeFor(revision).observePrepared(revision),
    observe: async (wishes) => {
      const places = inContainers ? [asProcesses, inContainers] : [asProcesses];
      return (await Promise.all(places.map((place) => place.observe(wishes)))).flat();
    },
    observeCommand: (revision, key) => placeFor(revision).observeCommand(revision, key),
    readLog: (revision, id, lines) => placeFor(revision).readLog(revision, id, lines),
    forgetCommand: (command, fence) => placeFor(command.revision).forgetCommand(command, fence),
  };
}

function processPlace({ scope }: EnvironmentState, parts: PlaceParts): Place {
  const { processes } = parts;
  return {
    start: async (instance, fence) => processes.start(await processSpec(scope, instance, parts), fence),
    // Nothing of a process can be changed while it runs, and the supervisor starts it after every end.
    repair: async (instance, fence) => processes.start(await processSpec(scope, instance, parts), fence),
    stop: (id, fence) => processes.stop(scope, id, fence),
    runCommand: async ({ key, revision, name, command }, fence) =>
      processes.runCommand(
        await processTask(scope, { key, revision, task: { name, command } }, parts),
        fence,
      ),
    // The files of a release are here already; plain processes need nothing else.
    prepare: () => Promise.resolve(),
    observePrepared: () => Promise.resolve('done'),
    observe: async (wishes) => {
      const own = wishes.filter((wish) => !isContainer(wish));
      const seen = await processes.observe(scope, own.map(processProbe));
      return Promise.all(seen.map((one) => withSmoke(one, own, smokeFailure)));
    },
    observeCommand: (_, key) => processes.observeCommand(scope, key),
    readLog: async (_, id, lines) => readLogTail(await logFileOf(parts.layout, scope, id), lines),
    forgetCommand: ({ key }, fence) => processes.forgetCommand(scope, key, fence),
  };
}

const noDoor = () => Promise.resolve(null);

function containerPlace(state: EnvironmentState, machine: Machine, known: ContainerParts): Place {
  const { scope } = state;
  const { containers } = machine;
  // The flags of a server are answered on its own machine alone.
  const parts = machine.name === here ? known : { ...known, flagDoor: noDoor };
  const smoke: Machine['smoke'] = (asked) => machine.smoke(asked);
  return {
    start: async (instance, fence) => containers.start(await copySpec(scope, instance, parts), fence),
    repair: async (instance, fence) => containers.repair(await copySpec(scope, instance, parts), fence),
    stop: (id, fence) => containers.stop(scope, id, fence),
    runCommand: async ({ key, revision, name, command }, fence) =>
      containers.runCommand(await taskSpec(scope, { key, revision, task: { name, command } }, parts), fence),
    prepare: async (revision, fence) =>
      containers.prepare(await preparationSpec(scope, revision, parts), fence),
    observePrepared: async (revision) =>
      containers.observePrepared(await preparationSpec(scope, revision, parts)),
    observe: async (wishes) => {
      const own = wishes
        .filter((wish) => isContainer(wish) && machineOf(wish.id) === machine.name)
        .map((wish) => ({ ...wish, id: localId(wish.id) }));
      const seen = await containers.observe(scope, own.map(containerProbe));
      const addressed = seen.map((one) => withPort(one, state));
      const smoked = await Promise.all(addressed.map((one) => withSmoke(one, own, smoke)));
      return smoked.map((one) => ({ ...one, id: nameOn(machine.name, one.id) }));
    },
    observeCommand: (_, key) => containers.observeCommand(scope, key),
    readLog: (_, id, lines) => containers.readLog(scope, id, lines),
    forgetCommand: ({ key }, fence) => containers.forgetCommand(scope, key, fence),
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

function containerProbe({ id, revision, process, moment }: ProbeWish): ContainerProbe {
  const { health, port } = revision;
  const isWeb = process.role === 'web';
  return {
    instance: id,
    port: isWeb ? port : null,
    moment,
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
  smoke: Machine['smoke'],
): Promise<InstanceObservation> {
  const wish = wishes.find(({ id }) => id === seen.id);
  if (!wish?.smoke || seen.probe !== 'ready' || seen.port === null) return seen;
  const { smoke: requests, health } = wish.revision;
  const { host, port } = seen;
  const failed = await smoke({ host, port, requests, timeoutMs: health.probeTimeoutMs });
  return failed === null ? seen : { ...seen, probe: { failed } };
}
