import { namesComposeFiles, usualComposeFiles } from '../compose/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import type { App, ComposeFiles } from './model.ts';
import type { SlipwayYml } from './slipway-yml.ts';

/** What starts the app, or why that is not clear. */
export interface AppKind {
  kind: App['kind'];
  compose: ComposeFiles | null;
  findings: Finding[];
}

interface Facts {
  yml: SlipwayYml;
  hasProcfile: boolean;
  hasStartScript: boolean;
  /** Names of files at the root. */
  rootFiles: readonly string[];
  /** Text of the `.env` at the root: it may say which Compose files there are. */
  dotEnv: string;
}

/** Tells by slipway.yml and the files that are there what starts the app; Compose files win over a start script. */
export function kindOf({ yml, hasProcfile, hasStartScript, rootFiles, dotEnv }: Facts): AppKind {
  const files = yml.compose?.value.files?.value.map(({ value }) => value) ?? null;
  const profiles = yml.compose?.value.profiles?.value.map(({ value }) => value) ?? [];
  const found =
    files?.[0] ??
    (namesComposeFiles(dotEnv) ? 'COMPOSE_FILE in .env' : undefined) ??
    usualComposeFiles((path) => rootFiles.includes(path))[0];
  const compose: AppKind = { kind: 'compose', compose: { files, profiles }, findings: [] };
  const procfile: AppKind = { kind: 'procfile', compose: null, findings: [] };
  const said = yml.kind;
  if (said?.value === 'compose') {
    if (found !== undefined || files !== null) return compose;
    return {
      ...compose,
      findings: [nothingToStart('there is no Compose file at the root of the commit', said.at)],
    };
  }
  if (said?.value === 'procfile' || (found === undefined && files === null)) {
    if (hasProcfile || hasStartScript) return procfile;
    const what = said === undefined ? 'neither a Compose file nor a Procfile' : 'no Procfile';
    const message = `there is ${what} at the root of the commit, and package.json has no "start" script`;
    return { ...procfile, findings: [nothingToStart(message, said?.at)] };
  }
  return hasProcfile ? { ...compose, findings: [bothThere(found ?? 'Compose files')] } : compose;
}

function bothThere(file: string): Finding {
  return {
    code: 'app/which-kind',
    severity: 'error',
    message: `the commit has both a Procfile and ${file}, and nothing says which of them starts the app`,
    notes: [],
    help: 'commit a slipway.yml with the line "kind: compose" or the line "kind: procfile"',
  };
}

function nothingToStart(message: string, at: Finding['at']): Finding {
  return {
    code: 'app/no-procfile',
    severity: 'error',
    message,
    ...(at ? { at } : {}),
    notes: [
      'a Procfile says how the app is started, one "name: command" a line; a Compose file, of which containers it is made',
    ],
    help: 'commit a compose.yml, or a file named Procfile with a line such as "web: node server.js"',
  };
}
