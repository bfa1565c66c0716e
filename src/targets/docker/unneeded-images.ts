import type { ImageInfo } from 'dockerode';
import type { Engine } from '../../docker/index.ts';
import { isBuiltName, label, pulledMarks, pulledRepository } from './names.ts';

/** An image that this home made or pulled, and that nothing needs. */
export interface UnneededImage {
  /** For people. */
  shown: string[];
  /** All its names, which are this home's own; with the last one it goes. */
  names: string[];
}

/**
 * The images that a home may take away: those that it built, and those that it pulled itself, when they are not to be
 * kept. One that has a name of somebody else's, or that any container was made of, is left alone.
 *
 * @param keep - Ids of images that are needed.
 */
export async function unneededImages(
  { images, containers }: Engine,
  homeId: string,
  keep: readonly string[],
): Promise<UnneededImage[]> {
  // All of them: a list of some names of an image would leave out the others.
  const unkept = (await images.list({})).filter(({ Id }) => !keep.includes(Id));
  const built = unkept.filter((one) => one.Labels?.[label.home] === homeId && isBuilt(one));
  const pulled = unkept.filter((one) => onlyPulled(one, homeId));
  if (built.length + pulled.length === 0) return [];
  // Who runs a built image keeps it by that; of a pulled one, the name by which they know it would go.
  const used = pulled.length === 0 ? [] : (await containers.list({})).map(({ ImageID }) => ImageID);
  return [
    ...built.map((one) => ({ shown: tagsOf(one), names: tagsOf(one) })),
    ...pulled.filter(({ Id }) => !used.includes(Id)).map((one) => pulledNames(one)),
  ];
}

/** Labels pass on to images that others build from ours; names do not. */
function isBuilt(image: ImageInfo): boolean {
  const tags = tagsOf(image);
  return tags.length > 0 && tags.every(isBuiltName);
}

function onlyPulled(image: ImageInfo, homeId: string): boolean {
  const marks = pulledMarks(homeId, tagsOf(image));
  const own = tagsOf(image).every(
    (name) => pulledMarks(homeId, [name]).length > 0 || marks.some((mark) => mark.isOf(name)),
  );
  const digests = digestsOf(image).every((name) => marks.some((mark) => mark.isOfRepository(name)));
  return marks.length > 0 && own && digests;
}

/** Its marks go last: what is interrupted goes on the next time. */
function pulledNames(image: ImageInfo): UnneededImage {
  const tags = tagsOf(image).filter((name) => !isMark(name));
  const names = [...tags, ...digestsOf(image), ...tagsOf(image).filter(isMark)];
  return { shown: names.slice(0, Math.max(1, tags.length)), names };
}

const isMark = (name: string) => name.startsWith(`${pulledRepository}:`);

function tagsOf({ RepoTags }: ImageInfo): string[] {
  return (RepoTags ?? []).filter((name) => name !== '<none>:<none>');
}

function digestsOf({ RepoDigests }: ImageInfo): string[] {
  return (RepoDigests ?? []).filter(
    (name) => !name.startsWith('<none>') && !name.startsWith(`${pulledRepository}@`),
  );
}
