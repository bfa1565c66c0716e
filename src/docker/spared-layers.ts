import { posix } from 'node:path';
import { z } from 'zod';
import { CodedError } from '../diagnostics/index.ts';
import { readTar } from './read-tar.ts';

/** What went through a filter, in bytes. */
export interface Passed {
  sentBytes: number;
  sparedBytes: number;
}

const manifestFile = 'manifest.json';
const longestManifestBytes = 16 * 1024 ** 2;
const manifestShape = z.array(z.looseObject({ Config: z.string(), Layers: z.array(z.string()) }));

/**
 * Which files of an archive of images hold nothing but layers that the other engine has. The manifest names them in both
 * formats that engines write: a folder for each layer, and that of the OCI. In the first nothing else tells which file
 * is which layer, and it comes behind them; so the archive is read once for this alone.
 *
 * @param there - By image id: how many of its lowest layers the other engine has.
 */
export async function sparedFiles(
  archive: AsyncIterable<Uint8Array>,
  there: ReadonlyMap<string, number>,
): Promise<Set<string>> {
  const { images, links } = await contentsOf(archive);
  const spared = new Set<string>();
  const needed: string[] = [];
  for (const { Config, Layers } of images) {
    const count = there.get(`sha256:${posix.basename(Config, '.json')}`) ?? 0;
    for (const file of Layers.slice(0, count)) spared.add(file);
    needed.push(...Layers.slice(count));
  }
  // A layer may be there on top of some layers and not on others; its second file is then a link to the first.
  for (const file of needed)
    for (let at: string | undefined = file; at !== undefined; at = links.get(at)) spared.delete(at);
  return spared;
}

interface Contents {
  images: z.infer<typeof manifestShape>;
  /** What a link leads to, by its path. */
  links: Map<string, string>;
}

async function contentsOf(archive: AsyncIterable<Uint8Array>): Promise<Contents> {
  const links = new Map<string, string>();
  const manifest: Buffer[] = [];
  for await (const { member, isContent, bytes } of readTar(archive)) {
    if (typeof member?.linkTo === 'string')
      links.set(member.path, posix.join(posix.dirname(member.path), member.linkTo));
    if (member?.path !== manifestFile) continue;
    if (member.sizeBytes > longestManifestBytes) throw noManifest('its manifest is too long');
    if (isContent) manifest.push(bytes);
  }
  if (manifest.length === 0) throw noManifest('it has no manifest');
  return { images: manifestShape.parse(JSON.parse(Buffer.concat(manifest).toString())), links };
}

function noManifest(why: string): CodedError {
  return new CodedError('docker/engine-failed', `the archive of images cannot be read: ${why}`);
}

/** The archive without some of its files. @param passed - Is kept up to date while it goes through. */
export async function* withoutFiles(
  archive: AsyncIterable<Uint8Array>,
  spared: ReadonlySet<string>,
  passed: Passed,
): AsyncGenerator<Uint8Array> {
  // A whole one goes as it is, even if this program could not read it.
  const pieces = spared.size === 0 ? unread(archive) : readTar(archive);
  for await (const { member, bytes } of pieces) {
    if (member !== null && spared.has(member.path)) passed.sparedBytes += bytes.length;
    else {
      passed.sentBytes += bytes.length;
      yield bytes;
    }
  }
}

async function* unread(archive: AsyncIterable<Uint8Array>) {
  for await (const bytes of archive) yield { member: null, bytes };
}
