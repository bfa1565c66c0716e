import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a version does; see app/. */
export type Behaviour =
  | 'good'
  | 'never-ready'
  | 'crashes'
  | 'migration-fails'
  | 'sick-with-users'
  | 'fails-users'
  | 'hangs-users'
  | 'leaks'
  | 'complains'
  | 'worker-crashes';

/** One of each kind, as short as it may be. */
export type RigStrategy = 'rolling' | 'blue-green' | 'canary';

const written: Record<RigStrategy, string> = {
  rolling: 'rolling',
  'blue-green': 'blue-green',
  canary: '{ canary: { steps: [50%, 100%], hold: 300ms } }',
};

/** How a version is to run, beside what it does. */
export interface VersionOptions {
  behaves?: Behaviour;
  strategy?: RigStrategy;
  /** Steps of a canary, as in slipway.yml. */
  steps?: string;
  /** False leaves web alone in the Procfile. */
  worker?: boolean;
  /** Two workers may run at once. */
  overlap?: boolean;
  /** As in slipway.yml; short where nothing else is said. */
  bake?: string;
  /** As in slipway.yml, on one line; nothing is written unless told. */
  judge?: string;
  /** Where it runs, as in slipway.yml; without state of its own then. */
  machines?: string[];
  /** It behaves so on the machine alone whose containers have addresses that begin like this. */
  only?: string;
}

/** A git repository with the fixture app. */
export interface AppRepository {
  folder: string;
  /** Commits a version; returns its hash. */
  commit(version: string, options?: VersionOptions): string;
}

const app = fileURLToPath(new URL('app', import.meta.url));
const containers = fileURLToPath(new URL('containers', import.meta.url));

/**
 * Makes the repository; nothing is committed yet.
 *
 * @param dataFolder - For a Compose app, whose image the engine has: the folder that its containers share.
 */
export function createAppRepository(folder: string, dataFolder: string | null = null): AppRepository {
  cpSync(app, folder, { recursive: true });
  if (dataFolder !== null) rmSync(join(folder, 'Procfile'));
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_NAME: 'Ana',
        GIT_AUTHOR_EMAIL: 'ana@example.com',
        GIT_COMMITTER_NAME: 'Ana',
        GIT_COMMITTER_EMAIL: 'ana@example.com',
      },
    }).trim();
  git('init', '-q', '-b', 'main');
  return {
    folder,
    commit(
      version,
      {
        behaves = 'good',
        strategy = 'blue-green',
        steps,
        worker = true,
        overlap = false,
        bake,
        judge,
        machines = [],
        only,
      } = {},
    ) {
      writeFileSync(join(folder, 'version.json'), JSON.stringify({ version, behaves }));
      if (dataFolder === null) writeFileSync(join(folder, 'Procfile'), procfile(worker));
      else
        writeFileSync(
          join(folder, 'compose.yml'),
          composeFile({ version, behaves, only }, { dataFolder, alone: machines.length === 0 }),
        );
      writeFileSync(
        join(folder, 'slipway.yml'),
        slipwayYml({ behaves, strategy, steps, overlap, bake, judge, machines }),
      );
      git('add', '-A');
      git('commit', '-q', '--allow-empty', '-m', `${version} ${behaves}`);
      return git('rev-parse', 'HEAD');
    },
  };
}

/** The tests' own Node runs the app: the machine need not have another. */
function procfile(worker: boolean): string {
  const lines = readFileSync(join(app, 'Procfile'), 'utf8').replaceAll(
    'node ',
    `exec '${process.execPath}' `,
  );
  return worker ? lines : lines.replace(/^worker:.*\n/m, '');
}

/** The same app in containers: one image for all versions, which are told by a variable. */
function composeFile(
  told: { version: string; behaves: Behaviour; only: string | undefined },
  { dataFolder, alone }: { dataFolder: string; alone: boolean },
): string {
  const text = readFileSync(join(containers, 'compose.yml'), 'utf8')
    .replaceAll("'VERSION'", `'${JSON.stringify(told)}'`)
    .replaceAll('DATA:', `${dataFolder}:`);
  // What keeps state comes last in the file; it cannot be on several machines.
  return alone ? text : text.replace(/^ {4}store: .*\n/m, '').replace(/\n *# Holds state[^]*$/, '\n');
}

function slipwayYml(options: {
  behaves: Behaviour;
  strategy: RigStrategy;
  steps: string | undefined;
  overlap: boolean;
  bake: string | undefined;
  judge: string | undefined;
  machines: string[];
}): string {
  let text = readFileSync(join(app, 'slipway.yml'), 'utf8');
  const canary = options.steps === undefined ? null : `{ canary: { steps: ${options.steps}, hold: 300ms } }`;
  text = text.replace('strategy: blue-green', `strategy: ${canary ?? written[options.strategy]}`);
  // What never becomes ready need not be waited for.
  if (options.behaves === 'never-ready') text = text.replace('deadline: 60s', 'deadline: 2s');
  // So long it has users, and is judged by what they get.
  if (['fails-users', 'hangs-users'].includes(options.behaves))
    text = text.replace('hold: 300ms', 'hold: 5m');
  // Its start, or a look at it, may take a while on a busy machine, and only then is it seen to be bad.
  const isSeenLate = ['worker-crashes', 'sick-with-users'].includes(options.behaves);
  const bake = options.bake ?? (isSeenLate ? '10s' : '300ms');
  text = text.replace('bake: 300ms', `bake: ${bake}`);
  if (options.judge !== undefined) text = `${text}    judge: ${options.judge}\n`;
  if (options.machines.length > 0) text = `${text}    machines: [${options.machines.join(', ')}]\n`;
  return options.overlap ? `${text}    overlap: [worker]\n` : text;
}
