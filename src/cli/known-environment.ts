import { CodedError, didYouMean } from '../diagnostics/index.ts';
import type { ServerClient } from '../server/index.ts';
import { readApp } from './app-of.ts';
import type { CliContext } from './context.ts';

/** Of a name that is none of these: `cli/unknown-target`. */
export function unknownEnvironment(named: string, names: readonly string[]): CodedError {
  const near = didYouMean(named, names);
  return new CodedError('cli/unknown-target', `no environment is called "${named}"`, {
    notes: [`environments: ${names.join(', ')}`],
    help: near === undefined ? 'name one of them' : `did you mean "${near}"?`,
  });
}

/**
 * Refuses what would begin something for an environment that neither the repository nor the server knows, as that is
 * mostly a slip of the keyboard. Where no repository of the app is at hand, nothing is known and nothing is refused.
 *
 * @throws CodedError `cli/unknown-target`
 */
export async function refuseUnknown(
  context: CliContext,
  client: ServerClient,
  place: { app: string; environment: string },
): Promise<void> {
  const written = await writtenEnvironments(context, place.app);
  if (written === null || written.includes(place.environment)) return;
  const { version } = await client.flags(place);
  const { environments } = await client.status();
  const served = environments.filter(({ app }) => app === place.app).map(({ environment }) => environment);
  if (version > 0 || served.includes(place.environment)) return;
  throw unknownEnvironment(place.environment, [...new Set([...written, ...served])]);
}

/** Null where this folder does not say, or not without a mistake: whoever changes flags is not stopped by that. */
async function writtenEnvironments(context: CliContext, app: string): Promise<string[] | null> {
  try {
    const { name, environments } = await readApp(await context.openRepository());
    return name === app ? environments.map((one) => one.name) : null;
  } catch {
    return null;
  }
}
