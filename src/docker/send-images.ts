import { PassThrough, pipeline, type Readable } from 'node:stream';
import { sizeText } from '../app/index.ts';
import type { Images } from './images.ts';
import { sparedFiles, withoutFiles, type Passed } from './spared-layers.ts';

/** Images on their way from one engine to another. */
export interface Sending {
  from: Pick<Images, 'inspect' | 'save'>;
  /** Of images that the first engine has. */
  ids: string[];
  to: SendingEnd;
  /** Is told what was sent, and when less could have been. */
  say: (line: string) => void;
}

/** The engine that lacks them. */
export interface SendingEnd {
  /** As people know it: `vps`. */
  name: string;
  /** @see Images.layersThere */
  layersThere: (images: string[][]) => Promise<number[]>;
  /** Loads an archive, which it opens once; fails unless the images are there then. */
  load: (open: () => Promise<Readable>) => Promise<void>;
}

/**
 * Sends only layers that the other engine lacks. When it does not take them so, for whatever reason, everything is sent
 * once: what fails then would have failed in any case.
 */
export async function sendImages(sending: Sending): Promise<void> {
  const { to, say } = sending;
  const spared = await sparable(sending).catch((error: unknown) => {
    say(`what ${to.name} has of the images could not be found out: ${messageOf(error)}`);
    return new Set<string>();
  });
  try {
    await sendWithout(spared, sending);
  } catch (error) {
    if (spared.size === 0) throw error;
    say(`${to.name} did not take the missing layers alone, so all go: ${messageOf(error)}`);
    await sendWithout(new Set(), sending);
  }
}

/** Files of the archive that the other engine does not need. */
async function sparable({ from, ids, to }: Sending): Promise<Set<string>> {
  const found = await Promise.all(ids.map((id) => from.inspect(id)));
  const counts = await to.layersThere(found.map((image) => image?.RootFS.Layers ?? []));
  if (counts.every((count) => count === 0)) return new Set();
  const there = new Map(ids.map((id, index) => [id, counts[index] ?? 0]));
  return sparedFiles(await archiveOf(from, ids), there);
}

async function sendWithout(spared: ReadonlySet<string>, { from, ids, to, say }: Sending): Promise<void> {
  const passed: Passed = { sentBytes: 0, sparedBytes: 0 };
  await to.load(async () => {
    const archive = await archiveOf(from, ids);
    const sent = new PassThrough();
    // A filter that waits for its next piece does not notice by itself that nobody wants it any more.
    sent.once('close', () => archive.destroy());
    pipeline(
      archive,
      (pieces) => withoutFiles(pieces, spared, passed),
      sent,
      () => {},
    );
    return sent;
  });
  const { sentBytes, sparedBytes } = passed;
  const rest = sparedBytes === 0 ? ', with all layers' : `; ${sizeText(sparedBytes)} were there already`;
  say(`sent ${sizeText(sentBytes)} of images to ${to.name}${rest}`);
}

async function archiveOf(from: Sending['from'], ids: string[]): Promise<Readable> {
  const archive = (await from.save(ids)) as Readable;
  // Whoever reads it is told; one that breaks while nobody reads yet must not end the process.
  archive.on('error', () => {});
  return archive;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
