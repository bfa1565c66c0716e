import type { Observed, Revision } from '../delivery/index.ts';
import { resolveEnvironment, type Vault } from '../secrets/index.ts';

/** Shorter values would hide half of every log. */
const shortestSecret = 4;

/** What a revision's processes know and nobody else may read: values of secrets, and of the env file. */
export async function secretValues(scope: string, revision: Revision, vault: Vault): Promise<string[]> {
  const [app = '', environment = ''] = scope.split('/');
  const { env, envFile, secrets } = revision.configuration;
  const names = secrets.map(({ name }) => name);
  const definition = { name: environment, env: {}, envFile, secrets: names };
  const resolved = await resolveEnvironment({ app, definition, vault, pinned: secrets });
  const shown = new Set(Object.values(env));
  return Object.values(resolved.env).filter((value) => value.length >= shortestSecret && !shown.has(value));
}

/** Whether anything of what was seen quotes a process, and so might quote a secret. */
export function quotesProcesses({ instances, command, prepared }: Observed): boolean {
  if (typeof prepared === 'object') return true;
  const quoted = instances.some(({ logTail, probe }) => logTail.length > 0 || typeof probe === 'object');
  return quoted || (command.state === 'exited' && command.logTail.length > 0);
}

/** The same with every secret replaced by `***`: reasons and log tails go into events, which are kept for good. */
export function maskSecrets(observed: Observed, values: readonly string[]): Observed {
  // The longest first, so that no part of a longer one is left standing.
  const secrets = values.toSorted((a, b) => b.length - a.length);
  const mask = (text: string) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
  const { instances, command, prepared } = observed;
  return {
    ...observed,
    instances: instances.map((instance) => ({
      ...instance,
      probe: typeof instance.probe === 'object' ? { failed: mask(instance.probe.failed) } : instance.probe,
      logTail: instance.logTail.map(mask),
    })),
    command: command.state === 'exited' ? { ...command, logTail: command.logTail.map(mask) } : command,
    prepared:
      typeof prepared === 'object'
        ? { failed: mask(prepared.failed), logTail: prepared.logTail.map(mask) }
        : prepared,
  };
}
