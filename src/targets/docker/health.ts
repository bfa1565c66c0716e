import type { ContainerInspectInfo } from 'dockerode';
import type { InstanceObservation } from '../../delivery/index.ts';
import { unreachable } from '../../diagnostics/index.ts';
import type { Engine } from '../../docker/index.ts';
import { probe } from '../process/probe.ts';
import type { Healthchecks } from './healthcheck.ts';
import type { ContainerProbe } from './model.ts';

const shownCharacters = 200;

/*
 * Runs a command and ends it when it is late: the engine itself cannot end one. The watch looks once a second and ends by
 * itself. It must not be killed: an orphan that died of a signal falls to process 1 of the container, and PostgreSQL in
 * that place takes it for a crashed backend and ends every connection.
 */
const limited = `sh -c "$1" & command=$!
(left=$2
while kill -0 "$command"; do
  [ "$left" -gt 0 ] || kill -9 "$command"
  left=$((left - 1))
  sleep 1
done
exit 0) >/dev/null 2>&1 </dev/null &
wait "$command"`;

interface Asked {
  container: ContainerInspectInfo;
  /** The container's own; null when it has none. */
  host: string | null;
  asked: ContainerProbe;
}

/** Whether a running copy is ready: by its own healthcheck, if it has one, and by what was asked. */
export async function probeContainer(
  { engine, healthchecks }: { engine: Engine; healthchecks: Healthchecks },
  { container, host, asked }: Asked,
): Promise<InstanceObservation['probe']> {
  // The engine runs no healthcheck of one that is paused, and calls it running.
  if (container.State.Paused) return { failed: 'it is paused' };
  const unwell = await healthchecks.judge(container, asked.moment, asked.probeTimeoutMs);
  if (unwell && !unwell.undecided) return unwell;
  const failed = await ask(engine, { container, host, asked });
  return failed === null ? (unwell ?? 'ready') : { failed };
}

async function ask(engine: Engine, { container, host, asked }: Asked): Promise<string | null> {
  const { check, port, probeTimeoutMs } = asked;
  switch (check.kind) {
    case 'own':
      return null;
    case 'http':
    case 'tcp': {
      if (host === null || port === null) return 'it has no address to answer on';
      if (check.kind === 'tcp') return probe({ host, port, path: null, probeTimeoutMs });
      return probe({ host, port, path: check.path ?? '/', anyStatus: check.path === null, probeTimeoutMs });
    }
    case 'command':
      return runCommand(engine, container.Id, { command: check.command, timeoutMs: probeTimeoutMs });
    default:
      return unreachable(check);
  }
}

interface CommandProbe {
  command: string;
  timeoutMs: number;
}

async function runCommand(
  engine: Engine,
  id: string,
  { command, timeoutMs }: CommandProbe,
): Promise<string | null> {
  const seconds = String(Math.max(1, Math.ceil(timeoutMs / 1000)));
  let said = '';
  try {
    const code = await engine.containers.exec(id, {
      command: ['sh', '-c', limited, 'slipway-probe', command, seconds],
      timeoutMs: timeoutMs + 1000,
      onOutput: (text) => (said = (said + text.toString('utf8')).slice(-shownCharacters)),
    });
    if (code === 0) return null;
    const why = code === 137 ? `did not end within ${timeoutMs} ms` : `ended with exit code ${code}`;
    const shown = said.replace(/\s+/g, ' ').trim();
    return `"${command}" ${why}${shown === '' ? '' : `: ${shown}`}`;
  } catch (error) {
    return `"${command}" failed: ${(error as Error).message}`;
  }
}
