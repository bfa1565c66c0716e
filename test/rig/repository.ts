import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a version does; see app/. */
export type Behaviour =
  'good' | 'never-ready' | 'crashes' | 'migration-fails' | 'sick-with-users' | 'worker-crashes';

/** How a version is to run, beside what it does. */
export interface VersionOptions {
  behaves?: Behaviour;
  strategy?: 'rolling' | 'blue-green';
  /** False leaves web alone in the Procfile. */
  worker?: boolean;
  /** Two workers may run at once. */
  overlap?: boolean;
  /** As in slipway.yml; short where nothing else is said. */
  bake?: string;
}

/** A git repository with the fixture app. */
export interface AppRepository {
  folder: string;
  /** Commits a version; returns its hash. */
  commit(version: string, options?: VersionOptions): string;
}

const app = fileURLToPath(new URL('app', import.meta.url));

/** Makes the repository; nothing is committed yet. */
export function createAppRepository(folder: string): AppRepository {
  cpSync(app, folder, { recursive: true });
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
      { behaves = 'good', strategy = 'blue-green', worker = true, overlap = false, bake } = {},
    ) {
      writeFileSync(join(folder, 'version.json'), JSON.stringify({ version, behaves }));
      writeFileSync(join(folder, 'Procfile'), procfile(worker));
      writeFileSync(join(folder, 'slipway.yml'), slipwayYml({ behaves, strategy, overlap, bake }));
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

function slipwayYml(options: {
  behaves: Behaviour;
  strategy: string;
  overlap: boolean;
  bake: string | undefined;
}): string {
  let text = readFileSync(join(app, 'slipway.yml'), 'utf8');
  text = text.replace('strategy: blue-green', `strategy: ${options.strategy}`);
  // What never becomes ready need not be waited for.
  if (options.behaves === 'never-ready') text = text.replace('deadline: 60s', 'deadline: 2s');
  // Its start, or a look at it, may take a while on a busy machine, and only then is it seen to be bad.
  const isSeenLate = ['worker-crashes', 'sick-with-users'].includes(options.behaves);
  const bake = options.bake ?? (isSeenLate ? '10s' : '300ms');
  text = text.replace('bake: 300ms', `bake: ${bake}`);
  return options.overlap ? `${text}    overlap: [worker]\n` : text;
}
