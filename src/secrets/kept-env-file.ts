import { parseEnvFile, envFilePath } from './env-file.ts';
import type { EnvFile } from './env-file.ts';
import { readPrivateFile } from './private-file.ts';
import type { SecretName, Vault } from './vault.ts';

/** Which environment's env file. */
interface Owner {
  app: string;
  environment: string;
}

/**
 * Keeps an env file as it is now, encrypted, so that a restart and a way back get what the rollout got.
 *
 * @returns The version that holds it; the one before when nothing has changed. Null when there is no such file.
 */
export async function keepEnvFile(owner: Owner, path: string, vault: Vault): Promise<number | null> {
  const text = await readPrivateFile(envFilePath(path));
  if (text === null) return null;
  const name = nameOf(owner);
  const newest = await vault.read(name);
  return newest?.value === text ? newest.version : (await vault.put(name, text)).version;
}

/** An env file as `keepEnvFile` kept it; null when that version is gone. */
export async function readKeptEnvFile(
  owner: Owner,
  { path, version, vault }: { path: string; version: number; vault: Vault },
): Promise<EnvFile | null> {
  const kept = await vault.read(nameOf(owner), version);
  return kept && parseEnvFile(envFilePath(path), kept.value);
}

/** No environment has a "/" in its name, so no secret of a user is ever called so. */
function nameOf({ app, environment }: Owner): SecretName {
  return { app, environment: `${environment}/env-file`, name: 'TEXT' };
}
