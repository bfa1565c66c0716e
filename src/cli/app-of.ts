import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { composeFileNames, parseApp, type App } from '../app/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import type { ServerClient } from '../server/index.ts';
import type { Repository } from '../source/index.ts';
import type { CliContext } from './context.ts';
import { Mistake } from './mistake.ts';

/** Reads what the repository says about itself. Throws `Mistake` with all that is wrong in its files. */
export async function readApp(repository: Repository): Promise<App> {
  const { root } = repository;
  const procfile = await textOf(root, 'Procfile');
  const slipwayYml = await textOf(root, 'slipway.yml');
  const packageJson = await textOf(root, 'package.json');
  const parsed = parseApp({
    procfile: procfile === undefined ? undefined : { file: 'Procfile', text: procfile },
    slipwayYml: slipwayYml === undefined ? undefined : { file: 'slipway.yml', text: slipwayYml },
    packageJson,
    dotEnv: await textOf(root, '.env'),
    rootFiles: composeFileNames.filter((name) => existsSync(join(root, name))),
    fallbackName: packageName(packageJson) ?? basename(root),
    defaultBranch: await repository.defaultBranch(),
  });
  if (parsed.ok) return parsed.value;
  const texts = { Procfile: procfile, 'slipway.yml': slipwayYml, 'package.json': packageJson };
  const sources = Object.entries(texts).flatMap(([file, text]) =>
    text === undefined ? [] : [[file, text] as const],
  );
  throw new Mistake(parsed.findings, new Map(sources));
}

/**
 * The app that a command is about: `--app`, else the repository's, else the only one that the server knows.
 *
 * @throws CodedError `cli/which-app` where there is a choice.
 */
export async function nameApp(
  context: CliContext,
  client: ServerClient,
  options: { app?: string },
): Promise<string> {
  if (options.app !== undefined) return options.app;
  const repository = await context.openRepository().catch((error: unknown) => {
    if (error instanceof CodedError && error.code.startsWith('source/')) return null;
    throw error;
  });
  if (repository) return (await readApp(repository)).name;
  const { environments } = await client.status();
  const apps = [...new Set(environments.map(({ app }) => app))];
  if (apps.length === 1 && apps[0] !== undefined) return apps[0];
  throw new CodedError('cli/which-app', 'it is not clear which app is meant', {
    notes: [apps.length === 0 ? 'the server knows none yet' : `the server knows ${apps.join(', ')}`],
    help: 'go to the repository of the app, or name it with --app NAME',
  });
}

/**
 * The environment that a command is about: the one named, else `production`, else the only one.
 *
 * @throws CodedError `cli/which-environment` where there is a choice, `cli/no-ship` where there is nothing.
 */
export async function nameEnvironment(
  client: ServerClient,
  app: string,
  named: string | undefined,
): Promise<string> {
  if (named !== undefined) return named;
  const { environments } = await client.status();
  const names = environments.filter((view) => view.app === app).map(({ environment }) => environment);
  if (names.includes('production')) return 'production';
  if (names.length === 1 && names[0] !== undefined) return names[0];
  if (names.length === 0) {
    throw new CodedError('cli/no-ship', `nothing of ${app} has been shipped here yet`, {
      help: 'ship it with "slipway ship", or name another app with --app NAME',
    });
  }
  throw new CodedError('cli/which-environment', `it is not clear which environment of ${app} is meant`, {
    notes: [`environments: ${names.join(', ')}`],
    help: 'name one of them after the command',
  });
}

async function textOf(root: string, file: string): Promise<string | undefined> {
  try {
    return await readFile(join(root, file), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function packageName(text: string | undefined): string | undefined {
  try {
    const name = (JSON.parse(text ?? '') as { name?: unknown } | null)?.name;
    return typeof name === 'string' && name !== '' ? name.replace(/^@[^/]*\//, '') : undefined;
  } catch {
    return undefined;
  }
}
