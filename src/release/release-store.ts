import { hash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { hashFiles } from './manifest.ts';
import type { Manifest, ManifestFile } from './manifest.ts';
import type { Release } from './release.ts';

/*
 * <store>/<hex of the digest>/files/         the app's files, without write permission
 *                            /manifest.json  what the digest is the hash of
 *                            /release.json   the rest of `Release`
 * <store>/inputs/<hash>                      the release that was made of these inputs
 * <store>/tmp/<pid>-<random>                 being made
 * <store>/npm-cache/
 */

/** Folder of a release. */
export function releaseDirectory(storeDirectory: string, digest: string): string {
  return join(storeDirectory, digest.replace(/^sha256:/, ''));
}

/**
 * Reads a stored release; null when there is none in this folder.
 *
 * @throws CodedError `release/damaged` when its description cannot be read.
 */
export async function readRelease(directory: string): Promise<Release | null> {
  const text = await readFile(join(directory, 'release.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  const kept = parseKept(text, directory);
  // Of a release from before there were any, its description tells none.
  const images = kept.images ?? [];
  return { ...kept, images, directory, filesDirectory: join(directory, 'files') };
}

type KeptRelease = Omit<Release, 'directory' | 'filesDirectory' | 'images'> &
  Partial<Pick<Release, 'images'>>;

function parseKept(text: string, directory: string): KeptRelease {
  try {
    return JSON.parse(text) as KeptRelease;
  } catch (cause) {
    throw new CodedError('release/damaged', `the description of the release in ${directory} is damaged`, {
      help: `remove that folder and ship the commit again`,
      cause,
    });
  }
}

/** The first difference between a release and its manifest. */
export interface Damage {
  /** `extra`: a file that the manifest does not know, which a running app may have written. */
  kind: 'manifest' | 'missing' | 'changed' | 'extra' | 'image';
  /** Of the file, or the image's id. */
  path: string;
  message: string;
}

/**
 * Hashes a stored release again. Null when it is what it was; missing and changed files come before extra ones.
 *
 * @param missingImages - Asks the engine which of these ids it has not; without it images are not looked at.
 */
export async function verifyRelease(
  directory: string,
  missingImages?: (ids: string[]) => Promise<string[]>,
): Promise<Damage | null> {
  const text = await readFile(join(directory, 'manifest.json'), 'utf8').catch(() => null);
  const path = 'manifest.json';
  if (text === null) return { kind: 'manifest', path, message: 'the release or its manifest is gone' };
  if (hash('sha256', text) !== basename(directory)) {
    return { kind: 'manifest', path, message: "the manifest does not have the release's digest" };
  }
  const { files, images = [] } = JSON.parse(text) as Manifest;
  const [gone] = (await missingImages?.(images.map(({ id }) => id))) ?? [];
  if (gone !== undefined)
    return { kind: 'image', path: gone, message: `image ${gone.slice(0, 19)} is not on the engine any more` };
  const found = await hashFiles(join(directory, 'files')).catch(() => []);
  return firstDamage(files, found);
}

function firstDamage(wanted: ManifestFile[], found: ManifestFile[]): Damage | null {
  const byPath = new Map(found.map((file) => [file.path, file]));
  for (const file of wanted) {
    const now = byPath.get(file.path);
    byPath.delete(file.path);
    if (!now) return { kind: 'missing', path: file.path, message: `${file.path} is missing` };
    if (JSON.stringify(now) !== JSON.stringify(file)) {
      return {
        kind: 'changed',
        path: file.path,
        message: `${file.path} is not what it was when the release was made`,
      };
    }
  }
  const [extra] = byPath.keys();
  return extra === undefined
    ? null
    : { kind: 'extra', path: extra, message: `${extra} was added to the release` };
}

/** Removes a release at once, then its files. Removing what is gone is fine. */
export async function removeRelease(directory: string): Promise<void> {
  const doomed = await scratchPath(dirname(directory));
  try {
    await rename(directory, doomed);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await rm(doomed, { recursive: true, force: true });
}

/** Removes what processes that are gone left half made; for the start of a server. */
export async function removeLeftovers(storeDirectory: string): Promise<void> {
  const folder = join(storeDirectory, 'tmp');
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!isAlive(Number(name.split('-')[0]))) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** A path in the store for work in progress; on the same file system, so that a rename finishes it. */
export async function scratchPath(storeDirectory: string): Promise<string> {
  const folder = join(storeDirectory, 'tmp');
  await mkdir(folder, { recursive: true });
  return join(folder, `${process.pid}-${randomBytes(8).toString('hex')}`);
}

/** Writes a file so that it is on disk when this returns. */
export async function writeDurably(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o444, flush: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
