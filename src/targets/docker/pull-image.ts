import type { ImageInspectInfo } from 'dockerode';
import type { PullOptions } from '../../docker/index.ts';
import { pulledMark, pulledMarks, repositoryOf } from './names.ts';
import type { Place } from './place.ts';

/**
 * Pulls an image. When the engine had nothing of that name before, or what it had was pulled by this home as well, the
 * image gets a second name that says so: only then may its collection take the first one away. A name that somebody
 * else brought stays theirs, also when it leads to a newer image now.
 *
 * @returns The image; null when it went away again at once. Throws `docker/pull-failed`.
 */
export async function pullImage(
  { engine: { images }, homeId }: Pick<Place, 'engine' | 'homeId'>,
  reference: string,
  options: PullOptions = {},
): Promise<ImageInspectInfo | null> {
  const before = await images.inspect(reference);
  const id = await images.pull(reference, options);
  const image = await images.inspect(id);
  if (image === null) return null;
  const name = familiarName(reference);
  const isThere = [...image.RepoTags, ...image.RepoDigests].includes(name);
  const isOurs = before === null || pulledMarks(homeId, before.RepoTags).some((mark) => mark.isOf(name));
  if (isThere && isOurs) await images.tag(image.Id, pulledMark(homeId, name, image.Id));
  return image;
}

/** A reference as the engine lists it: without the registry and the folder that it takes by itself, and with its tag. */
function familiarName(reference: string): string {
  const short = reference.replace(/^(index\.)?docker\.io\//, '').replace(/^library\//, '');
  const digest = short.indexOf('@');
  if (digest !== -1) return `${repositoryOf(short.slice(0, digest))}${short.slice(digest)}`;
  return repositoryOf(short) === short ? `${short}:latest` : short;
}
