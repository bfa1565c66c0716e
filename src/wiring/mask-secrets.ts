import type { Observed, Preparation, Revision, Traces } from '../delivery/index.ts';
import type { Vault } from '../secrets/index.ts';
import { knownValues } from './processes.ts';

/** Shorter values would hide half of every log. */
const shortestSecret = 4;

/** What a revision's copies know and nobody else may read: values of secrets, and of the env file. */
export async function secretValues(scope: string, revision: Revision, vault: Vault): Promise<string[]> {
  const shown = new Set(Object.values(revision.configuration.env));
  const { env } = await knownValues(scope, revision, vault);
  return Object.values(env).filter((value) => value.length >= shortestSecret && !shown.has(value));
}

/** Whether anything of what was seen quotes a process or the source of a metric, and so might quote a secret. */
export function quotesProcesses({ instances, command, prepared, metrics }: Observed): boolean {
  if (Object.values(metrics).some(({ trouble }) => trouble !== null)) return true;
  if (Object.values(prepared).some((one) => typeof one === 'object')) return true;
  const quoted = instances.some(({ logTail, probe }) => logTail.length > 0 || typeof probe === 'object');
  return quoted || ('logTail' in command && (command.logTail.length > 0 || command.state === 'unmet'));
}

/** The same with every secret replaced by `***`: reasons and log tails go into events, which are kept for good. */
export function maskSecrets(observed: Observed, values: readonly string[]): Observed {
  const mask = maskOf(values);
  const { instances, command, prepared, metrics } = observed;
  return {
    ...observed,
    instances: instances.map((instance) => ({
      ...instance,
      probe:
        typeof instance.probe === 'object'
          ? { ...instance.probe, failed: mask(instance.probe.failed) }
          : instance.probe,
      logTail: instance.logTail.map(mask),
    })),
    command: maskCommand(command, mask),
    prepared: Object.fromEntries(
      Object.entries(prepared).map(([machine, one]) => [machine, maskPreparation(one, mask)]),
    ),
    metrics: Object.fromEntries(
      Object.entries(metrics).map(([name, reading]) => [
        name,
        { ...reading, trouble: reading.trouble === null ? null : mask(reading.trouble) },
      ]),
    ),
  };
}

/** The same for what a candidate leaves behind. */
export function maskTraces({ requests, logTail, ends }: Traces, values: readonly string[]): Traces {
  const mask = maskOf(values);
  return {
    requests: requests.map((request) => ({ ...request, path: mask(request.path) })),
    logTail: logTail.map(mask),
    ends,
  };
}

function maskOf(values: readonly string[]): (text: string) => string {
  // The longest first, so that no part of a longer one is left standing.
  const secrets = values.toSorted((a, b) => b.length - a.length);
  return (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
}

function maskPreparation(seen: Preparation, mask: (text: string) => string): Preparation {
  return typeof seen === 'object' ? { failed: mask(seen.failed), logTail: seen.logTail.map(mask) } : seen;
}

function maskCommand(command: Observed['command'], mask: (text: string) => string): Observed['command'] {
  if (command.state === 'none') return command;
  const logTail = command.logTail.map(mask);
  return command.state === 'unmet'
    ? { ...command, why: mask(command.why), logTail }
    : { ...command, logTail };
}
