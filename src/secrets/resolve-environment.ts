import type { EnvironmentDefinition } from '../app/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import { readEnvFile } from './env-file.ts';
import type { EnvFile } from './env-file.ts';
import { readKeptEnvFile } from './kept-env-file.ts';
import type { Vault } from './vault.ts';

/** The part of an environment's definition that says which variables its processes get. */
export type VariableRules = Pick<EnvironmentDefinition, 'name' | 'env' | 'envFile' | 'secrets'>;

/** Which version of a secret a rollout uses; safe to print and to keep. */
export interface SecretRef {
  name: string;
  version: number;
}

/** Variables for processes, and what an event may say about them. `env` holds secret values: never print or keep it. */
export interface ResolvedEnvironment {
  env: Record<string, string>;
  /** Names of what came from the env file and no later source has replaced; others may not read these values either. */
  fromEnvFile: string[];
  secretRefs: SecretRef[];
  findings: Finding[];
}

interface ResolveRequest {
  app: string;
  definition: VariableRules;
  vault: Vault;
  /** Versions to use instead of the newest, as the rollout recorded them: a restart gets what the rollout got. */
  pinned?: SecretRef[];
  /** The env file as it was kept then, instead of as it is now; see `keepEnvFile`. */
  envFileVersion?: number | null | undefined;
}

/**
 * Gathers the variables of an environment. Later wins, as with Compose: the env file, `env` of slipway.yml, secrets.
 * A name both in the env file and in the secrets is warned about.
 */
export async function resolveEnvironment(request: ResolveRequest): Promise<ResolvedEnvironment> {
  const { app, definition, vault, pinned } = request;
  const fromFile = await envFileOf(request);
  const findings = [...fromFile.findings];
  const secrets: Record<string, string> = {};
  const secretRefs: SecretRef[] = [];
  for (const name of definition.secrets) {
    const version = pinned?.find((ref) => ref.name === name)?.version;
    const found = await vault.read({ app, environment: definition.name, name }, version);
    if (!found) findings.push(missing(app, definition.name, name, version));
    else {
      secrets[name] = found.value;
      secretRefs.push({ name, version: found.version });
      if (Object.hasOwn(fromFile.env, name)) findings.push(shadowed(definition, name));
    }
  }
  for (const name of Object.keys(fromFile.env)) {
    if (name === 'PORT' || name.startsWith('SLIPWAY_')) findings.push(reserved(definition, name));
  }
  const later = { ...definition.env, ...secrets };
  const fromEnvFile = Object.keys(fromFile.env).filter((name) => !Object.hasOwn(later, name));
  return { env: { ...fromFile.env, ...later }, fromEnvFile, secretRefs, findings };
}

async function envFileOf({ app, definition, vault, envFileVersion }: ResolveRequest): Promise<EnvFile> {
  const { name: environment, envFile: path } = definition;
  if (path === null) return { env: {}, findings: [] };
  if (typeof envFileVersion !== 'number') return readEnvFile(path);
  const kept = await readKeptEnvFile({ app, environment }, { path, version: envFileVersion, vault });
  return kept ?? readEnvFile(path);
}

function missing(app: string, environment: string, name: string, version: number | undefined): Finding {
  const which = version === undefined ? '' : ` version ${version}`;
  return {
    code: 'secrets/missing',
    severity: 'error',
    message: `secret "${name}"${which} of ${app}/${environment} has no value on this server`,
    notes: [],
    help: `set it with "slipway secrets set ${name} --environment ${environment} --app ${app} < file", or remove it from "secrets" in slipway.yml`,
  };
}

function shadowed(definition: VariableRules, name: string): Finding {
  return {
    code: 'secrets/shadowed',
    severity: 'warning',
    message: `"${name}" is in ${definition.envFile ?? 'the env file'} and in the secrets of "${definition.name}"; the secret is used`,
    notes: [],
    help: 'remove it from the env file',
  };
}

function reserved(definition: VariableRules, name: string): Finding {
  return {
    code: 'secrets/reserved-variable',
    severity: 'error',
    message: `${definition.envFile ?? 'the env file'} sets "${name}", which Slipway itself sets`,
    notes: ['reserved: PORT, and every name that starts with SLIPWAY_'],
    help: 'remove it, and let the app listen on the port in PORT',
  };
}
