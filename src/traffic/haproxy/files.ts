import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../write-whole.ts';
import type { Certificate } from '../certificate-folder.ts';
import { pages, renderPage, type Page } from '../embedded/pages.ts';
import type { HaproxyPaths } from './paths.ts';
import { renderMap, type Maps } from './maps.ts';
import type { Shape, Slots } from './slots.ts';

/** Which revision has which slot, and what HAProxy was started with; kept so that the next agent knows. */
export interface StoredSlots {
  shape: Shape;
  slots: Slots;
}

export async function writeMaps(paths: HaproxyPaths['maps'], maps: Maps): Promise<void> {
  await writeWhole(paths.facts, renderMap(maps.facts));
  await writeWhole(paths.weights, renderMap(maps.weights));
  await writeWhole(paths.hosts, renderMap(maps.hosts));
}

/**
 * Writes certificates as HAProxy takes them, chain and key in one file, named by what is in it: a renewal that is
 * broken or half done leaves the good one in place, and a new one is a change of the configuration.
 *
 * @returns The files to load. Those of the renewal before stay, for a process that is still starting.
 */
export async function writeCertificates(
  folder: string,
  certificates: readonly Pick<Certificate, 'chain' | 'key'>[],
): Promise<string[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const texts = new Map<string, string>(
    certificates.map(({ chain, key }) => {
      const text = chain.includes(key.trim()) ? chain : `${chain.trimEnd()}\n${key}`;
      return [`${createHash('sha256').update(text).digest('hex').slice(0, 24)}.pem`, text] as const;
    }),
  );
  for (const [name, text] of texts) await writeWhole(join(folder, name), text);
  const older = (await readdir(folder)).filter((name) => !texts.has(name));
  if (older.length > 32) for (const name of older) await rm(join(folder, name), { force: true });
  return [...texts.keys()].map((name) => join(folder, name));
}

/** Null when there is none or it cannot be read: then nobody knows which slot stands for what. */
export async function readSlots(path: string): Promise<StoredSlots | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as StoredSlots;
  } catch {
    return null;
  }
}

const ownPages: Record<string, Page> = {
  ...pages,
  requestTimeout: {
    status: 408,
    title: 'Request timeout',
    text: 'The request took too long to arrive. Please try again.',
  },
  tooLarge: { status: 413, title: 'Too large', text: 'This is more than the application takes at once.' },
};

const reasons: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  502: 'Bad Gateway',
  504: 'Gateway Timeout',
};

/** Writes the router's own pages: HTML and JSON, and whole answers for errors that HAProxy finds itself. */
export async function writePages(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, page] of Object.entries(ownPages)) {
    const html = renderPage(page, '').body;
    await writeWhole(join(folder, `${name}.html`), html);
    await writeWhole(join(folder, `${name}.json`), renderPage(page, 'application/json').body);
    const reason = reasons[page.status];
    if (reason === undefined) continue;
    const head = [
      `HTTP/1.1 ${page.status} ${reason}`,
      'content-type: text/html; charset=utf-8',
      'cache-control: no-store',
      'connection: close',
      `content-length: ${Buffer.byteLength(html)}`,
    ];
    await writeWhole(join(folder, `${name}.http`), `${head.join('\r\n')}\r\n\r\n${html}`);
  }
}
