import type { ContainerInspectInfo } from 'dockerode';
import type { CommandObservation, InstanceObservation } from '../../delivery/index.ts';
import type { Engine } from '../../docker/index.ts';
import { readLogTail, type ProcessStatus } from '../../supervisor/index.ts';
import { describeDrift } from './drift.ts';
import { probeContainer } from './health.ts';
import { describeHealth, type Healthchecks } from './healthcheck.ts';
import type { ContainerProbe } from './model.ts';
import { label } from './names.ts';
import { isOver, type Acts } from './orders.ts';

const tailLines = 20;

interface Sight {
  engine: Engine;
  acts: Acts;
  healthchecks: Healthchecks;
  probes: readonly ContainerProbe[];
}

/** One copy by its container. */
export async function observeCopy(
  container: ContainerInspectInfo,
  sight: Sight,
): Promise<InstanceObservation> {
  const { engine, acts, healthchecks, probes } = sight;
  const labels = container.Config.Labels;
  const id = labels[label.instance] ?? container.Name.slice(1);
  const asked = probes.find(({ instance }) => instance === id);
  const starting = acts.find('start', id);
  const phase = phaseOf(container, { starting, stopping: acts.find('stop', id) });
  const host = addressOf(container);
  const down = phase === 'backoff' || phase === 'exited';
  const answer = await (async (): Promise<InstanceObservation['probe']> => {
    if (failedStart(starting)) return { failed: lastWord(starting) };
    if (!asked || phase === 'starting' || phase === 'stopping') return 'not-probed';
    if (down) return { failed: describeEnd(container) };
    return probeContainer({ engine, healthchecks }, { container, host, asked });
  })();
  const wrong = typeof answer === 'object' || down;
  return {
    id,
    revision: labels[label.revision] ?? 'unknown',
    process: labels[label.process] ?? id,
    phase,
    host: host ?? '',
    port: host === null ? null : (asked?.port ?? null),
    restarts: container.RestartCount,
    exitCode: down ? container.State.ExitCode : null,
    probe: answer,
    drift: phase === 'stopping' ? null : describeDrift(container),
    logTail: wrong ? await tailOf(engine, container, starting) : [],
  };
}

/** Copies that acts are busy with, container or not: hooks before a start, failed ones, a stop that is not over. */
export function observeActs(acts: Acts): InstanceObservation[] {
  const isBusy = (act?: ProcessStatus) => act !== undefined && !isOver(act);
  const starting = acts.keys('start').flatMap((id) => {
    const act = acts.find('start', id);
    return isBusy(act) || failedStart(act) ? [observeAct(id, act)] : [];
  });
  const stopping = acts.keys('stop').filter((id) => isBusy(acts.find('stop', id)));
  return [
    ...starting,
    ...stopping.map((id): InstanceObservation => ({ ...observeAct(id), phase: 'stopping' })),
  ];
}

function observeAct(id: string, act?: ProcessStatus): InstanceObservation {
  const [, revision = 'unknown', process = id] = /^(r\d+|shared)-(.+)-\d+$/.exec(id) ?? [];
  const failed = failedStart(act);
  return {
    id,
    revision,
    process,
    phase: failed ? 'exited' : 'starting',
    host: '',
    port: null,
    restarts: 0,
    exitCode: failed ? act.exitCode : null,
    probe: failed ? { failed: lastWord(act) } : 'not-probed',
    drift: null,
    logTail: failed ? readLogTail(act.logFile, tailLines) : [],
  };
}

interface ActsOfTask {
  running: ProcessStatus | undefined;
  ending: ProcessStatus | undefined;
}

/**
 * A task by its container, which knows how it ended whoever was killed; before there is one, by its act. One that is being
 * ended runs until its container is gone.
 */
export async function observeTask(
  engine: Engine,
  container: ContainerInspectInfo | null,
  { running: act, ending }: ActsOfTask,
): Promise<CommandObservation> {
  if (ending && !isOver(ending)) return { state: 'running', logTail: [] };
  const status = container?.State.Status;
  if (container && (status === 'exited' || status === 'dead')) {
    const code = container.State.ExitCode;
    return { state: 'exited', code, logTail: await containerTail(engine, container) };
  }
  const runs = status === 'running' || status === 'paused' || (act !== undefined && !isOver(act));
  if (runs) return { state: 'running', logTail: [] };
  if (!act) return { state: 'none' };
  // It could not be started, or somebody removed its container: nobody saw it succeed.
  return {
    state: 'exited',
    code: act.exitCode === 0 ? null : act.exitCode,
    logTail: readLogTail(act.logFile, tailLines),
  };
}

interface ActsOfCopy {
  starting: ProcessStatus | undefined;
  stopping: ProcessStatus | undefined;
}

function phaseOf(
  { State }: ContainerInspectInfo,
  { starting, stopping }: ActsOfCopy,
): InstanceObservation['phase'] {
  if (stopping && !isOver(stopping)) return 'stopping';
  if (starting && !isOver(starting)) return 'starting';
  if (failedStart(starting)) return 'exited';
  switch (State.Status) {
    case 'running':
    case 'paused':
      return 'running';
    case 'restarting':
      return 'backoff';
    case 'removing':
      return 'stopping';
    case 'created':
      return 'starting';
    default:
      return 'exited';
  }
}

function failedStart(act: ProcessStatus | undefined): act is ProcessStatus {
  return act !== undefined && isOver(act) && act.exitCode !== 0;
}

function lastWord({ logFile, problem }: ProcessStatus): string {
  const words = readLogTail(logFile, tailLines).filter(
    (line) => line.startsWith('slipway: ') && !line.startsWith('slipway: help'),
  );
  return words.at(-1)?.slice('slipway: '.length) ?? problem ?? 'its start was interrupted';
}

/** The address on the first network of its own; `127.0.0.1` for one on the network of its machine; null without any. */
function addressOf({ HostConfig, NetworkSettings }: ContainerInspectInfo): string | null {
  if (HostConfig.NetworkMode === 'host') return '127.0.0.1';
  const { [HostConfig.NetworkMode ?? '']: first, ...others } = NetworkSettings.Networks;
  const addresses = [first, ...Object.values(others)].map((network) => network?.IPAddress);
  return addresses.find((address) => address !== undefined && address !== '') ?? null;
}

function describeEnd(container: ContainerInspectInfo): string {
  const { State, HostConfig } = container;
  if (State.OOMKilled) return outOfMemory(HostConfig.Memory);
  if (State.Error) return `it could not be started again: ${State.Error}`;
  return `it ended with exit code ${State.ExitCode}`;
}

function outOfMemory(limitBytes: number | undefined): string {
  const limit = limitBytes ? `, its limit is ${Math.round(limitBytes / 2 ** 20)} MiB` : '';
  return `it ran out of memory and was killed by the kernel${limit}`;
}

async function tailOf(
  engine: Engine,
  container: ContainerInspectInfo,
  act: ProcessStatus | undefined,
): Promise<string[]> {
  if (failedStart(act)) return readLogTail(act.logFile, tailLines);
  return containerTail(engine, container);
}

async function containerTail(engine: Engine, container: ContainerInspectInfo): Promise<string[]> {
  const lines = await engine.containers
    .logTail(container.Id, tailLines)
    .catch((error: Error) => [`slipway: ${error.message}`]);
  const sick = container.State.Running ? describeHealth(container) : null;
  if (sick !== null) lines.push(`slipway: ${sick}`);
  if (container.State.OOMKilled) lines.push(`slipway: ${outOfMemory(container.HostConfig.Memory)}`);
  return lines;
}
