import type { CommandObservation, InstanceObservation } from '../../delivery/index.ts';
import { CodedError, unreachable } from '../../diagnostics/index.ts';
import { readLogTail, type ProcessStatus, type Supervisor } from '../../supervisor/index.ts';
import { whoListens } from './listener.ts';
import type { CommandSpec, InstanceSpec, Probe, ProcessTarget } from './model.ts';
import { probe } from './probe.ts';
import { linkRevision } from './revision-folder.ts';

interface ProcessTargetOptions {
  supervisor: Supervisor;
  /** The server's home; revisions are linked below `<home>/apps`. */
  home: string;
}

const tailLines = 20;

/** The process target over a supervisor. */
export function createProcessTarget({ supervisor, home }: ProcessTargetOptions): ProcessTarget {
  return {
    start: async (instance, fence) => {
      const cwd = await linkRevision({ home, ...instance });
      await supervisor.ensure(instanceProcess(instance, cwd), fence);
    },
    stop: (scope, instanceId, fence) => supervisor.remove(`${scope}/${instanceId}`, scope, fence),
    observe: async (scope, probes) => {
      const statuses = (await supervisor.list(scope)).filter(({ id }) => !isCommand(id, scope));
      return Promise.all(statuses.map((status) => observeInstance(status, probes)));
    },
    runCommand: async (command, fence) => {
      try {
        await supervisor.ensure(commandProcess(command), fence);
      } catch (error) {
        // The key has run with other contents, such as a newer secret: once is once.
        if (!(error instanceof CodedError && error.code === 'supervisor/spec-conflict')) throw error;
      }
    },
    observeCommand: async (scope, key) => {
      const statuses = await supervisor.list(scope);
      const status = statuses.find(({ id }) => id === commandId(scope, key));
      return status ? observeCommand(status) : { state: 'none' };
    },
    forgetCommand: (scope, key, fence) => supervisor.remove(commandId(scope, key), scope, fence),
  };
}

function instanceProcess(instance: InstanceSpec, cwd: string) {
  const { scope, id, command, env, logFile, needsPort, stopGraceMs } = instance;
  const argv = ['/bin/sh', '-c', command];
  const restart = 'always' as const;
  return { id: `${scope}/${id}`, scope, argv, cwd, env, logFile, restart, needsPort, stopGraceMs };
}

function commandProcess({ scope, key, command, directory, env, logFile, stopGraceMs }: CommandSpec) {
  const argv = ['/bin/sh', '-c', command];
  const once = { restart: 'never', needsPort: false } as const;
  return { id: commandId(scope, key), scope, argv, cwd: directory, env, logFile, ...once, stopGraceMs };
}

function commandId(scope: string, key: string): string {
  return `${scope}/command/${key}`;
}

function isCommand(id: string, scope: string): boolean {
  return id.startsWith(commandId(scope, ''));
}

async function observeInstance(
  status: ProcessStatus,
  probes: readonly Probe[],
): Promise<InstanceObservation> {
  const { phase, port, restarts, exitCode, logFile } = status;
  const id = status.id.slice(status.scope.length + 1);
  const asked = probes.find(({ instance }) => instance === id);
  const answer = asked ? await probeInstance(status, asked) : 'not-probed';
  const wrong = typeof answer === 'object' || phase === 'backoff' || phase === 'exited';
  const logTail = wrong ? readLogTail(logFile, tailLines) : [];
  return {
    id,
    ...partsOf(id),
    phase,
    host: '127.0.0.1',
    port,
    restarts,
    exitCode,
    probe: answer,
    drift: null,
    logTail,
  };
}

/** An id that was not made by delivery is shown all the same, so that it can be seen and stopped. */
function partsOf(id: string): { revision: string; process: string } {
  const [, revision = 'unknown', process = id] = /^(r\d+)-(.+)-\d+$/.exec(id) ?? [];
  return { revision, process };
}

async function probeInstance(status: ProcessStatus, asked: Probe): Promise<InstanceObservation['probe']> {
  switch (status.phase) {
    case 'starting':
    case 'stopping':
      return 'not-probed';
    case 'backoff':
    case 'exited':
      return { failed: describeEnd(status) };
    case 'running': {
      if (status.pid === null || status.port === null) return { failed: 'it has no port to answer on' };
      const failed = await probe({ ...asked, port: status.port });
      if (failed !== null) return { failed };
      const owner = whoListens(status.port, status.pid);
      if (typeof owner === 'string') return 'ready';
      return { failed: `port ${status.port} is held by ${owner.other}, not by this copy` };
    }
    default:
      return unreachable(status.phase);
  }
}

function describeEnd({ problem, exitCode, exitSignal }: ProcessStatus): string {
  if (problem !== null) return problem;
  if (exitSignal !== null) return `it was ended by ${exitSignal}`;
  return exitCode === null ? 'it ended' : `it ended with exit code ${exitCode}`;
}

function observeCommand(status: ProcessStatus): CommandObservation {
  switch (status.phase) {
    case 'starting':
    case 'running':
    case 'backoff':
    case 'stopping':
      return { state: 'running', logTail: [] };
    case 'exited': {
      const { exitCode: code, problem, logFile } = status;
      const logTail = readLogTail(logFile, tailLines);
      // A problem at the start is in the log already; a lost exit status is known to the supervisor alone.
      if (problem !== null && !logTail.at(-1)?.endsWith(problem)) logTail.push(`slipway: ${problem}`);
      return { state: 'exited', code, logTail };
    }
    default:
      return unreachable(status.phase);
  }
}
