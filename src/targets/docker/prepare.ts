import { CodedError } from '../../diagnostics/index.ts';
import { openEngine, sendImages, type Engine, type SendingEnd } from '../../docker/index.ts';
import type { NeededImage, PreparationSpec } from './model.ts';
import { ensureNetworks } from './networks.ts';
import type { Place } from './place.ts';
import { pullImage } from './pull-image.ts';

/**
 * Brings a revision's images and networks onto the engine: from the registry by digest, or from the engine that built
 * them. What is there is left as it is. Throws `targets/no-image` when an image cannot be had.
 */
export async function prepare(
  place: Place,
  preparation: PreparationSpec,
  say: (line: string) => void,
): Promise<void> {
  const { engine, homeId } = place;
  const { scope, revision, networks } = preparation;
  for (const image of preparation.images) await bringImage(place, image, { preparation, say });
  await ensureNetworks({ engine, homeId, scope, revision }, networks);
  say('all images and networks are there');
}

/** Whether every image of a revision is on the engine. */
export async function areImagesThere({ images }: Engine, needed: readonly NeededImage[]): Promise<boolean> {
  const found = await Promise.all(needed.map(({ id }) => images.inspect(id)));
  return found.every((image) => image !== null);
}

interface Bringing {
  preparation: PreparationSpec;
  say: (line: string) => void;
}

async function bringImage(place: Place, image: NeededImage, { preparation, say }: Bringing): Promise<void> {
  const { engine } = place;
  if (await engine.images.inspect(image.id)) return;
  if (image.digest !== null) {
    say(`pulling ${image.name}: ${image.digest}`);
    const id = (await pullImage(place, image.digest, { onLine: say }))?.Id ?? 'nothing';
    if (id === image.id) return;
    // Engines with another image store name the same image by another hash; the digest has fixed its content.
    say(`${image.name} is ${id} here`);
    throw noImage(image, [`the digest leads to ${id} on this engine`]);
  }
  const { imagesFrom } = preparation;
  if (imagesFrom !== null && imagesFrom !== engine.address.url) {
    say(`copying ${image.name} from ${imagesFrom}`);
    await copyImage(engine, image, { from: openEngine(imagesFrom), say });
    return;
  }
  throw noImage(image, []);
}

function copyImage(
  { address, images }: Engine,
  image: NeededImage,
  { from, say }: { from: Engine; say: Bringing['say'] },
): Promise<void> {
  const load: SendingEnd['load'] = async (open) => {
    const archive = await open();
    try {
      await images.load(archive);
    } finally {
      archive.destroy();
    }
    if ((await images.inspect(image.id)) === null) throw noImage(image, []);
  };
  const to = { name: address.url, layersThere: (layers: string[][]) => images.layersThere(layers), load };
  return sendImages({ from: from.images, ids: [image.id], to, say });
}

function noImage({ name, id }: NeededImage, notes: string[]): CodedError {
  return new CodedError(
    'targets/no-image',
    `the image of ${name}, ${id.slice(0, 19)}, is not on this engine and cannot be had`,
    {
      notes: [...notes, 'it was built here once, or no registry is known for it'],
      help: 'ship the commit again: slipway ship',
    },
  );
}
