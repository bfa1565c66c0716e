import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Dockerd } from './dockerd.ts';
import { postgresEntrypoint, redisEntrypoint } from './entrypoints.ts';

/** What an image holds: files of this machine with the libraries they need, and texts. */
interface Recipe {
  tags: string[];
  /** Files by their path in the image, from where they are here. */
  files: Record<string, string>;
  /** Folders that are copied as they are. */
  folders: string[];
  /** Scripts by path. */
  scripts: Record<string, string>;
  /** Empty folders that everybody may write to. */
  open: string[];
  /** Instructions as a Dockerfile has them. */
  settings: string[];
}

const postgres = '/usr/lib/postgresql/15';
const path = 'ENV PATH=/usr/local/bin:/usr/bin:/bin';

const recipes = {
  node: {
    tags: ['slipway-test/node:latest', `node:${process.versions.node}-slim`],
    files: { '/usr/local/bin/node': process.execPath },
    folders: [],
    scripts: {},
    open: ['/tmp'],
    settings: [path, 'WORKDIR /app', 'CMD ["node"]'],
  },
  postgres: {
    tags: ['postgres:15', 'postgres:15-alpine'],
    files: {},
    folders: [`${postgres}/bin`, `${postgres}/lib`, '/usr/share/postgresql/15', '/usr/share/zoneinfo'],
    scripts: { '/usr/local/bin/docker-entrypoint.sh': postgresEntrypoint },
    open: ['/tmp', '/run/postgresql', '/var/lib/postgresql/data'],
    settings: [
      `ENV PATH=/usr/local/bin:${postgres}/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data`,
      'VOLUME /var/lib/postgresql/data',
      'EXPOSE 5432',
      'STOPSIGNAL SIGINT',
      'ENTRYPOINT ["docker-entrypoint.sh"]',
      'CMD ["postgres"]',
    ],
  },
  redis: {
    tags: ['redis:7', 'redis:7-alpine'],
    files: {
      '/usr/local/bin/redis-server': '/usr/bin/redis-server',
      '/usr/local/bin/redis-cli': '/usr/bin/redis-cli',
    },
    folders: [],
    scripts: { '/usr/local/bin/docker-entrypoint.sh': redisEntrypoint },
    open: ['/tmp', '/data'],
    settings: [
      path,
      'WORKDIR /data',
      'VOLUME /data',
      'EXPOSE 6379',
      'ENTRYPOINT ["docker-entrypoint.sh"]',
      'CMD ["redis-server"]',
    ],
  },
} as const satisfies Record<string, Recipe>;

/** A base image that the rig can make: `slipway-test/node`, `postgres:15`, `redis:7`. */
export type BaseImage = keyof typeof recipes;

/**
 * Puts base images into an engine, made from what is installed here. The first time takes seconds for each; later they
 * come from a cache, until one of the files that went into them changes.
 */
export function loadImages(dockerd: Dockerd, names: readonly BaseImage[]): void {
  const cache = join(homedir(), '.cache/slipway-rig/images');
  for (const name of names) {
    const recipe: Recipe = recipes[name];
    const saved = join(cache, `${name}-${fingerprint(recipe)}.tar`);
    if (existsSync(saved)) {
      dockerd.docker('load', '--quiet', '--input', saved);
      continue;
    }
    buildImage(dockerd, recipe);
    mkdirSync(cache, { recursive: true });
    const draft = `${saved}.${process.pid}`;
    dockerd.docker('save', '--output', draft, ...recipe.tags);
    renameSync(draft, saved);
  }
}

function buildImage(dockerd: Dockerd, recipe: Recipe): void {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-image-'));
  try {
    const root = join(folder, 'root');
    fill(root, recipe);
    const tar = join(folder, 'root.tar');
    execFileSync('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', root, '-cf', tar, '.']);
    const context = join(folder, 'context');
    mkdirSync(context);
    const instructions = [`FROM ${dockerd.docker('import', tar)}`, ...recipe.settings, ''];
    writeFileSync(join(context, 'Dockerfile'), instructions.join('\n'));
    dockerd.docker('build', '-q', ...recipe.tags.flatMap((tag) => ['-t', tag]), context);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fingerprint(recipe: Recipe): string {
  const sources = ['/bin/busybox', ...Object.values(recipe.files), ...recipe.folders];
  const versions = sources.map((file) => {
    const { size, mtimeMs } = statSync(file);
    return [file, size, mtimeMs];
  });
  const text = JSON.stringify([recipe, versions, passwd]);
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}

const passwd = `root:x:0:0:root:/root:/bin/sh
node:x:1000:1000::/home/node:/bin/sh
postgres:x:999:999::/var/lib/postgresql:/bin/sh
redis:x:998:998::/data:/bin/sh
nobody:x:65534:65534::/:/bin/sh
`;
const group = passwd.replace(/^(\w+):x:\d+:(\d+).*$/gm, '$1:x:$2:');

function fill(root: string, { files, folders, scripts, open }: Recipe): void {
  for (const folder of ['bin', 'etc', 'root', 'proc', 'sys', 'dev', 'home/node', 'run', 'var'])
    mkdirSync(join(root, folder), { recursive: true });
  symlinkSync('/run', join(root, 'var/run'));
  copyTo(root, '/bin/busybox', '/bin/busybox');
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n');
  for (const applet of applets) if (applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
  writeFileSync(join(root, 'etc/passwd'), passwd);
  writeFileSync(join(root, 'etc/group'), group);
  const programs: string[] = [];
  for (const [target, source] of Object.entries(files)) {
    copyTo(root, source, target);
    programs.push(source);
  }
  for (const folder of folders) {
    cpSync(folder, join(root, folder), { recursive: true, dereference: false, verbatimSymlinks: true });
    programs.push(...programsIn(folder));
  }
  for (const library of new Set(programs.flatMap(librariesOf))) copyTo(root, library, library);
  for (const [target, text] of Object.entries(scripts)) {
    mkdirSync(dirname(join(root, target)), { recursive: true });
    writeFileSync(join(root, target), text, { mode: 0o755 });
  }
  for (const folder of open) {
    mkdirSync(join(root, folder), { recursive: true });
    chmodSync(join(root, folder), 0o1777);
  }
}

function copyTo(root: string, source: string, target: string): void {
  mkdirSync(dirname(join(root, target)), { recursive: true });
  copyFileSync(source, join(root, target));
}

/** Programs and plugins; not the just-in-time compiler, which PostgreSQL does without and which would double the image. */
function programsIn(folder: string): string[] {
  if (folder.startsWith('/usr/share')) return [];
  return execFileSync('find', [folder, '-type', 'f', '(', '-perm', '-100', '-o', '-name', '*.so', ')'], {
    encoding: 'utf8',
  })
    .trim()
    .split('\n')
    .filter((file) => !file.includes('llvmjit'));
}

function librariesOf(file: string): string[] {
  try {
    const text = execFileSync('ldd', [file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return [...text.matchAll(/(?:=> )?(\/\S+) \(0x/g)].flatMap(([, library = '']) => library);
  } catch {
    // A script, or a program without libraries.
    return [];
  }
}
