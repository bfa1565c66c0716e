import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createBundle, openMirror, openRepository } from './index.ts';
import type { Mirror, Repository } from './index.ts';

let folder: string;
let clone: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-source-'));
  clone = join(folder, 'clone');
  mkdirSync(clone);
  git('init', '--quiet', '--initial-branch=main');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const identity = [
  '-c',
  'user.name=Ana Pérez',
  '-c',
  'user.email=ana@example.com',
  '-c',
  'commit.gpgsign=false',
];

function git(...args: string[]): string {
  return execFileSync('git', [...identity, ...args], { cwd: clone, encoding: 'utf8', stdio: 'pipe' }).trim();
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(clone, path)), { recursive: true });
  writeFileSync(join(clone, path), text);
}

function commit(message: string): string {
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '-m', message);
  return git('rev-parse', 'HEAD');
}

async function code(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

describe('a repository', () => {
  test('tells its root, commit, branch and default branch', async () => {
    write('lib/a.js', 'a');
    const sha = commit('First\n\nWith a body.');
    const repository = await openRepository(join(clone, 'lib'));
    expect(repository.root).toBe(clone);
    expect(await repository.head()).toBe(sha);
    expect(await repository.branch()).toBe('main');
    expect(await repository.defaultBranch()).toBe('main');
    expect(await repository.resolve('main')).toBe(sha);
    expect(await repository.commitInfo(sha)).toMatchObject({
      sha,
      message: 'First\n\nWith a body.',
      author: 'Ana Pérez',
      authorEmail: 'ana@example.com',
      parents: [],
    });
  });

  test('takes the default branch of origin over every other', async () => {
    commit('First');
    git('update-ref', 'refs/remotes/origin/trunk', 'HEAD');
    git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/trunk');
    expect(await (await openRepository(clone)).defaultBranch()).toBe('trunk');
  });

  test('names what is not committed, untracked files too and ignored ones not', async () => {
    write('.gitignore', 'ignored\n');
    write('a', '1');
    commit('First');
    const repository = await openRepository(clone);
    expect(await repository.dirtyFiles()).toEqual([]);
    await repository.requireClean();
    write('a', '2');
    write('ñ new', '1');
    write('ignored', '1');
    expect(await repository.dirtyFiles()).toEqual([
      { code: ' M', path: 'a' },
      { code: '??', path: 'ñ new' },
    ]);
    await expect(repository.requireClean()).rejects.toMatchObject({
      code: 'source/dirty-tree',
      message: '2 files are not as committed, and only commits are shipped',
      notes: [' M a', '?? ñ new'],
      help: 'commit or stash them, or ship HEAD as committed with --allow-dirty',
    });
  });

  test('refuses with a code what it cannot work with', async () => {
    expect(await code(openRepository(folder))).toBe('source/not-a-repository');
    expect(await code(openRepository(join(folder, 'nowhere')))).toBe('source/no-folder');
    const empty = await openRepository(clone);
    expect(await code(empty.head())).toBe('source/no-commit');
    const sha = commit('First');
    git('checkout', '--quiet', '--detach');
    expect(await code(empty.branch())).toBe('source/detached-head');
    expect(await code(empty.resolve('nothing'))).toBe('source/unknown-revision');
    expect(await code(empty.resolve('--help'))).toBe('source/unknown-revision');
    expect(await code(empty.commitInfo(sha.replace(/^./, 'x')))).toBe('source/unknown-revision');
    expect(await code(openRepository(join(clone, '.git')))).toBe('source/bare-repository');
  });

  test('refuses a shallow clone with the command that completes it', async () => {
    commit('First');
    commit('Second');
    const shallow = join(folder, 'shallow');
    git('clone', '--quiet', '--depth=1', `file://${clone}`, shallow);
    const repository = await openRepository(shallow);
    await expect(repository.requireComplete()).rejects.toMatchObject({
      code: 'source/shallow',
      help: 'fetch the rest with "git fetch --unshallow"',
    });
  });

  test.skipIf(process.getuid?.() !== 0)('is refused when it belongs to another user', async () => {
    execFileSync('chown', ['-R', '12345', clone]);
    await expect(openRepository(clone)).rejects.toMatchObject({
      code: 'source/foreign-owner',
      help: `if you trust it: git config --global --add safe.directory ${clone}`,
    });
  });

  test('says that git is missing when it is', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = '/nonexistent';
    try {
      expect(await code(openRepository(clone))).toBe('source/no-git');
    } finally {
      process.env['PATH'] = path;
    }
  });

  test('is not misled by GIT_ variables of a surrounding hook', async () => {
    commit('First');
    process.env['GIT_DIR'] = '/nonexistent';
    try {
      expect((await openRepository(clone)).root).toBe(clone);
    } finally {
      delete process.env['GIT_DIR'];
    }
  });
});

describe('a mirror', () => {
  let repository: Repository;
  let mirror: Mirror;

  beforeEach(async () => {
    repository = await openRepository(clone);
    mirror = await openMirror(join(folder, 'mirrors', 'app.git'));
  });

  async function send(sha: string, branch = 'main'): Promise<number> {
    const outFile = join(folder, `${branch}-${sha}.bundle`);
    const haveCommits = (await mirror.heads()).map((head) => head.commit);
    const ref = `refs/heads/${branch}`;
    const { sizeBytes } = await createBundle({ repository, commit: sha, ref, haveCommits, outFile });
    await mirror.receiveBundle(outFile, ref, sha);
    return sizeBytes;
  }

  test('receives commits, the later ones as differences, and writes nothing into the repository', async () => {
    write('big', Array.from({ length: 4000 }, (_, index) => `line ${index * 7919}`).join('\n'));
    const first = commit('First');
    const refs = git('for-each-ref');
    expect(await mirror.has(first)).toBe(false);
    const firstSize = await send(first);
    write('b', '1');
    const second = commit('Second');
    const secondSize = await send(second);
    expect(secondSize).toBeLessThan(firstSize / 4);
    await send(second);
    expect(await mirror.has(first)).toBe(true);
    expect(await mirror.has(second)).toBe(true);
    expect(await mirror.heads()).toEqual([{ ref: 'refs/heads/main', commit: second }]);
    expect((await mirror.commitInfo(second)).parents).toEqual([first]);
    expect(git('for-each-ref')).toBe(refs.replaceAll(first, second));
  });

  test('reads, lists and compares files of a commit', async () => {
    write('Procfile', 'web: node .\n');
    write('.github/workflows/ci.yml', 'on: push\n');
    write('ünï code/[a]*.txt', 'x');
    const first = commit('First');
    write('Procfile', 'web: node server.js\n');
    git('mv', '.github/workflows/ci.yml', '.github/workflows/cd.yml');
    const second = commit('Second');
    await send(second);
    expect(await mirror.readFile(first, 'Procfile')).toBe('web: node .\n');
    expect(await mirror.readFile(second, 'Procfile')).toBe('web: node server.js\n');
    expect(await mirror.readFile(second, 'slipway.yml')).toBeNull();
    expect(await mirror.readFile(second, '.github')).toBeNull();
    expect(await mirror.listFiles(second, '.github/workflows')).toEqual(['.github/workflows/cd.yml']);
    expect(await mirror.listFiles(second)).toEqual([
      '.github/workflows/cd.yml',
      'Procfile',
      'ünï code/[a]*.txt',
    ]);
    expect(await mirror.listFiles(second, 'nothing/')).toEqual([]);
    expect(await mirror.changedFiles(first, second)).toEqual([
      '.github/workflows/cd.yml',
      '.github/workflows/ci.yml',
      'Procfile',
    ]);
    expect(await mirror.changedFiles(null, first)).toHaveLength(3);
  });

  test('names files and folders by what they hold', async () => {
    write('conf/a', '1');
    write('b', '1');
    const first = commit('First');
    write('conf/a', '2');
    const second = commit('Second');
    await send(second);
    const ids = (path: string) => Promise.all([first, second].map((sha) => mirror.objectId(sha, path)));
    for (const changed of ['conf', 'conf/a', '']) {
      const [before, after] = await ids(changed);
      expect(before).toMatch(/^[0-9a-f]{40}$/);
      expect(after).not.toBe(before);
    }
    const [before, after] = await ids('b');
    expect(after).toBe(before);
    expect(await ids('gone')).toEqual([null, null]);
  });

  test('tells the commits and the lines that one commit has over another', async () => {
    write('a b\tc', '1\n2\n');
    const first = commit('First');
    write('a b\tc', '1\n3\n4\n');
    commit('Second: "quoted"');
    writeFileSync(join(clone, 'picture'), Buffer.from([0, 1, 2]));
    const third = commit('Third');
    await send(third);
    const { commits, files } = await mirror.changeBetween(first, third);
    expect(commits.map(({ title }) => title)).toEqual(['Third', 'Second: "quoted"']);
    expect(files).toEqual([
      { path: 'a b\tc', added: 2, removed: 1 },
      { path: 'picture', added: null, removed: null },
    ]);
    expect((await mirror.changeBetween(third, first)).commits).toEqual([]);
    expect(await code(mirror.changeBetween('0'.repeat(40), first))).toBe('source/unknown-revision');
  });

  test('is used whoever owns it, names submodules, and refuses to compare what it lacks', async () => {
    const inner = commit('Inner');
    git('update-index', '--add', '--cacheinfo', `160000,${inner},vendor/lib`);
    git('commit', '--quiet', '-m', 'Submodule');
    const sha = git('rev-parse', 'HEAD');
    await send(sha);
    if (process.getuid?.() === 0) execFileSync('chown', ['-R', '12345', mirror.directory]);
    expect(await mirror.submodules(sha)).toEqual(['vendor/lib']);
    expect(await mirror.submodules(inner)).toEqual([]);
    expect(await code(mirror.changedFiles('0'.repeat(40), sha))).toBe('source/unknown-revision');
  });

  test('exports the files as committed, with modes and links, whatever .gitattributes says about archives', async () => {
    write('bin/start', '#!/bin/sh\n');
    chmodSync(join(clone, 'bin/start'), 0o755);
    write('.gitattributes', 'test export-ignore\nversion export-subst\n');
    write('test', 'kept');
    write('version', '$Format:%H$');
    symlinkSync('bin/start', join(clone, 'link'));
    const sha = commit('First');
    await send(sha);
    const target = join(folder, 'out', 'files');
    await mirror.export(sha, target);
    expect(lstatSync(join(target, 'bin/start')).mode & 0o111).not.toBe(0);
    expect(lstatSync(join(target, 'test')).mode & 0o111).toBe(0);
    expect(readFileSync(join(target, 'version'), 'utf8')).toBe('$Format:%H$');
    expect(readlinkSync(join(target, 'link'))).toBe('bin/start');
  });

  test('keeps what it received through a force push and garbage collection, until it is forgotten', async () => {
    write('a', '1');
    const first = commit('First');
    await send(first);
    git('commit', '--quiet', '--amend', '-m', 'Other');
    const other = git('rev-parse', 'HEAD');
    await send(other);
    const collect = () => execFileSync('git', ['gc', '--quiet', '--prune=now'], { cwd: mirror.directory });
    collect();
    expect(await mirror.has(first)).toBe(true);
    expect(await mirror.readFile(first, 'a')).toBe('1');
    await mirror.forget(first);
    collect();
    expect(await mirror.has(first)).toBe(false);
    await mirror.keep(other);
    expect(await mirror.has(other)).toBe(true);
  });

  test('receives many at once', async () => {
    const shas = Array.from({ length: 6 }, (_, index) => {
      write('a', String(index));
      return commit(`Commit ${index}`);
    });
    await Promise.all(shas.map((sha, index) => send(sha, index % 2 === 0 ? 'main' : `b${index}`)));
    for (const sha of shas) expect(await mirror.has(sha)).toBe(true);
    const again = await openMirror(mirror.directory);
    expect(await again.heads()).toHaveLength(4);
  });

  test('refuses bundles that are damaged, incomplete or bring something else', async () => {
    const first = commit('First');
    const second = commit('Second');
    const outFile = join(folder, 'thin.bundle');
    const ref = 'refs/heads/main';
    await createBundle({ repository, commit: second, ref, haveCommits: [first], outFile });
    expect(await code(mirror.receiveBundle(outFile, ref, second))).toBe('source/bundle-incomplete');
    await createBundle({ repository, commit: second, ref, haveCommits: ['0'.repeat(40)], outFile });
    expect(await code(mirror.receiveBundle(outFile, ref, first))).toBe('source/bundle-unreadable');
    writeFileSync(outFile, readFileSync(outFile).subarray(0, -30));
    expect(await code(mirror.receiveBundle(outFile, ref, second))).toBe('source/bundle-unreadable');
    expect(await code(mirror.receiveBundle(outFile, 'main', second))).toBe('source/bad-ref');
    expect(await code(mirror.receiveBundle(outFile, 'refs/heads/a..b', second))).toBe('source/bad-ref');
    expect(await mirror.has(second)).toBe(false);
    expect(await code(mirror.export('0'.repeat(40), join(folder, 'out')))).toBe('source/unknown-revision');
  });
});
