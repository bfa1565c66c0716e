import type { ImageInfo, ImageInspectInfo } from 'dockerode';
import type { EngineCalls } from './call.ts';
import { orNull } from './containers.ts';

/** The images that an app comes from and its versions before this one are among the newest. */
const lookedAt = 100;

/**
 * How many of the lowest layers of each image an engine need not be sent. It looks a layer up by all that are below it,
 * and does not open its file when it has that; with containerd's store it needs every file.
 *
 * @param images - Digests of the layers of each, from the lowest.
 * @see moby, daemon/internal/image/tarexport/load.go
 */
export async function layersThere(calls: EngineCalls, images: string[][]): Promise<number[]> {
  const { DriverStatus } = await calls.ask<{ DriverStatus: [string, string][] | null }>({
    asked: 'describe itself',
    method: 'GET',
    path: '/info',
  });
  const takesLayers = !(DriverStatus ?? []).flat().some((word) => word.startsWith('io.containerd.'));
  const present = takesLayers ? await presentLayers(calls) : [];
  return images.map((layers) => Math.max(0, ...present.map((others) => commonStart(layers, others))));
}

async function presentLayers({ ask }: EngineCalls): Promise<string[][]> {
  const all = await ask<ImageInfo[]>({ asked: 'list images', method: 'GET', path: '/images/json' });
  const newest = all.toSorted((one, other) => other.Created - one.Created).slice(0, lookedAt);
  const found: string[][] = [];
  for (const { Id } of newest) {
    const asked = { asked: `inspect the image ${Id}`, method: 'GET', path: `/images/${Id}/json` } as const;
    const image = await orNull(ask<ImageInspectInfo>(asked));
    found.push(image?.RootFS.Layers ?? []);
  }
  return found;
}

function commonStart(layers: readonly string[], others: readonly string[]): number {
  const differs = layers.findIndex((layer, index) => layer !== others[index]);
  return differs === -1 ? layers.length : differs;
}
