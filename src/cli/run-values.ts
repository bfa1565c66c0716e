import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import type { LocalRequest } from '../local/index.ts';
import type { CliContext } from './context.ts';
import { askSecret } from './ask-secret.ts';
import { parseEnvFile } from './env-file.ts';
import type { RunFlags } from './run-options.ts';

/** Secrets, variables, inputs and the event file, from flags, files, the environment and the terminal. Flags win over files. */
export async function readValues(
  context: CliContext,
  flags: RunFlags,
): Promise<Pick<LocalRequest, 'secrets' | 'vars' | 'env' | 'inputs' | 'eventFile'>> {
  const [secretFile, varFile, envFile, inputFile, eventFile] = await Promise.all([
    readPairs(context, flags.secretFile),
    readPairs(context, flags.varFile),
    readPairs(context, flags.envFile),
    readPairs(context, flags.inputFile),
    readEvent(context, flags.eventpath),
  ]);
  return {
    secrets: { ...secretFile, ...(await secretsOf(context, flags.secret ?? {})) },
    vars: { ...varFile, ...flags.var },
    env: { ...envFile, ...flags.jobEnv, ...flags.env },
    inputs: { ...inputFile, ...flags.input },
    eventFile,
  };
}

async function secretsOf(
  context: CliContext,
  given: Record<string, string | undefined>,
): Promise<Record<string, string>> {
  const secrets: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    // One question at a time.
    secrets[name] = value ?? context.env[name] ?? (await askSecret(context, name));
  }
  return secrets;
}

async function readPairs(context: CliContext, path: string | undefined): Promise<Record<string, string>> {
  return path === undefined ? {} : parseEnvFile(await readText(context, path), path);
}

async function readText({ cwd }: CliContext, path: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, path), 'utf8');
  } catch (cause) {
    throw new CodedError('cli/no-file', `cannot read ${path}`, {
      notes: [cause instanceof Error ? cause.message : String(cause)],
      help: 'name a file that exists',
      cause,
    });
  }
}

async function readEvent(context: CliContext, path: string | undefined): Promise<LocalRequest['eventFile']> {
  if (path === undefined) return null;
  const text = await readText(context, path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CodedError('cli/bad-event', `${path} is not JSON`, {
      notes: [cause instanceof Error ? cause.message : String(cause)],
      help: 'write an object, such as {"action": "opened"}',
      cause,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return { name: path, value: value as NonNullable<LocalRequest['eventFile']>['value'] };
  throw new CodedError('cli/bad-event', `${path} holds no object`, {
    help: 'write an object, such as {"action": "opened"}',
  });
}
