import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageBuild } from '../../src/compose/index.ts';
import { filesOfBuild } from '../../src/wiring/forecast/build-files.ts';
import { dockerInstall, lacksDocker, sharedDockerd } from '../docker/index.ts';

const files = [
  'README.md',
  'app.js',
  'debug.log',
  'docs/a.md',
  'docs/deep/b.md',
  'docs/deep/keep.md',
  'node_modules/x/index.js',
  'src/app.ts',
  'src/app.test.ts',
  'src/node_modules/y.js',
  'src/[a].txt',
  'src/temp?.txt',
  'temp/1.txt',
  'temp2/1.txt',
  '.git/HEAD',
  '.env',
  '.env.example',
];

const lists: [what: string, rules: string][] = [
  ['comments, empty lines and spaces around', '# README.md\n\n  app.js  \n#docs\n'],
  ['names count from the root alone', 'node_modules\n*.log\nb.md\n'],
  ['two stars go through every folder', '**/node_modules\n**/*.md\n'],
  ['what is left out can be taken back', '*\n!src\nsrc/*.test.ts\n!docs/deep/keep.md\n'],
  ['the last rule that fits wins', '!README.md\n*.md\n!docs/a.md\ndocs\n!docs/deep\n'],
  ['slashes and dots are tidied up', '/docs/\n./src/../temp\n/temp?/1.txt\n'],
  ['a question mark, a class and an escape', 'src/[[]a].txt\nsrc/temp\\?.txt\n.env*\n!.env.example\n'],
  ['the middle of a path', 'src/**/y.js\n**/deep/**\n!**/keep.md\n'],
  ['windows line ends and a mark at the beginning', '\uFEFFdocs\r\n*.log\r\n'],
  ['the Dockerfile and the list themselves', 'Dockerfile\n.dockerignore\nsrc\n'],
];

/** Rules in a list of their own beside the Dockerfile, over the folder's. */
const own = '**/*.md\n';

describe.skipIf(lacksDocker())(`what a build takes of a folder (missing? ${dockerInstall})`, () => {
  let url: string;
  let folder: string;

  beforeAll(async () => {
    url = await sharedDockerd();
    folder = mkdtempSync(join(tmpdir(), 'slipway-ignore-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };

  /** The files that a build finds in its context, by Docker itself. */
  const taken = (more: Record<string, string>): string[] => {
    rmSync(folder, { recursive: true, force: true });
    for (const path of files) write(`context/${path}`, path);
    for (const [path, text] of Object.entries(more)) write(`context/${path}`, text);
    execFileSync('/usr/bin/docker', ['build', '--output', join(folder, 'out'), join(folder, 'context')], {
      env: { ...process.env, DOCKER_HOST: url, DOCKER_BUILDKIT: '1', HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const all = readdirSync(join(folder, 'out'), { recursive: true, encoding: 'utf8' });
    return all.filter((path) => statSync(join(folder, 'out', path)).isFile()).sort();
  };
  const build = { context: '.', dockerfile: 'Dockerfile', dockerfileInline: null, additionalContexts: {} };
  /** What may change an image by our count: with the two files that a build reads for itself. */
  const counted = (more: Record<string, string>): string[] =>
    filesOfBuild(build as unknown as ImageBuild, [...files, ...Object.keys(more)], more).sort();
  const steers = (path: string) => path === 'Dockerfile' || path.endsWith('.dockerignore');

  it.each(lists)('as Docker does: %s', (_, rules) => {
    const more = { Dockerfile: 'FROM scratch\nCOPY . /\n', '.dockerignore': rules };
    const ours = counted(more);
    expect(ours.filter((path) => !steers(path))).toEqual(taken(more).filter((path) => !steers(path)));
    expect(ours).toEqual(expect.arrayContaining(Object.keys(more)));
  });

  it('as Docker does: a list beside the Dockerfile wins over that of the folder', () => {
    const more = {
      Dockerfile: 'FROM scratch\nCOPY . /\n',
      '.dockerignore': 'src\n',
      'Dockerfile.dockerignore': own,
    };
    expect(counted(more).filter((path) => !steers(path))).toEqual(
      taken(more).filter((path) => !steers(path)),
    );
  });
});
