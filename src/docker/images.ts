import type { ImageInfo, ImageInspectInfo } from 'dockerode';
import { CodedError } from '../diagnostics/index.ts';
import type { EngineCalls } from './call.ts';
import { orNull } from './containers.ts';
import { labelFilter, type LabelFilter } from './labels.ts';
import { layersThere } from './layers-there.ts';

/** Images of an engine. */
export interface Images {
  list(labels: LabelFilter): Promise<ImageInfo[]>;
  /** By name, digest or id; null when the engine does not have it. */
  inspect(name: string): Promise<ImageInspectInfo | null>;
  /** Returns the image's id. `onLine` is told what goes on. Throws `docker/pull-failed`. */
  pull(reference: string, options?: PullOptions): Promise<string>;
  tag(image: string, name: string): Promise<void>;
  /** Takes away a name, and the image with its last one; false when a container still needs it. */
  remove(name: string): Promise<boolean>;
  /** How many of the lowest layers of each image this engine need not be sent. @param images - Layers from the lowest. */
  layersThere(images: string[][]): Promise<number[]>;
  /** An archive of images, as `load` of any engine takes it. */
  save(images: string[]): Promise<NodeJS.ReadableStream>;
  /** @param signal - Gives up, such as when the archive ends too soon. */
  load(archive: NodeJS.ReadableStream, signal?: AbortSignal): Promise<void>;
}

/** How to pull. */
export interface PullOptions {
  platform?: string | null;
  login?: { username: string; password: string; serveraddress: string } | null;
  onLine?: (line: string) => void;
}

const hourMs = 3_600_000;

/** Images over the calls of an engine. */
export function imagesOf(calls: EngineCalls): Images {
  const { ask } = calls;
  const inspect = (name: string) =>
    orNull(
      ask<ImageInspectInfo>({
        asked: `inspect the image ${name}`,
        method: 'GET',
        path: `/images/${name}/json`,
      }),
    );
  return {
    inspect,
    list: (labels) =>
      ask({
        asked: 'list images',
        method: 'GET',
        path: '/images/json',
        query: { filters: labelFilter(labels) },
      }),
    pull: async (reference, options = {}) => {
      await pull(calls, reference, options);
      const image = await inspect(reference);
      if (!image) throw pullFailed(reference, 'it is not there after the pull');
      return image.Id;
    },
    tag: async (image, name) => {
      const { repo, tag } = splitName(name);
      await ask({
        asked: `name the image ${name}`,
        method: 'POST',
        path: `/images/${image}/tag`,
        query: { repo, tag },
      });
    },
    remove: async (name) => {
      try {
        await orNull(ask({ asked: `remove the image ${name}`, method: 'DELETE', path: `/images/${name}` }));
        return true;
      } catch (error) {
        if (error instanceof CodedError && error.code === 'docker/conflict') return false;
        throw error;
      }
    },
    layersThere: (images) => layersThere(calls, images),
    save: (images) =>
      calls.stream({
        asked: 'save images',
        method: 'GET',
        path: '/images/get',
        query: { names: images },
        // The engine has written all layers to its disk before it begins to answer.
        timeoutMs: hourMs,
      }),
    load: async (archive, signal) => {
      const stream = await calls.stream({
        asked: 'load images',
        method: 'POST',
        path: '/images/load',
        query: { quiet: true },
        file: archive,
        timeoutMs: hourMs,
        ...(signal ? { signal } : {}),
      });
      await readProgress(
        stream,
        () => {},
        (said) => loadFailed(said),
      );
    },
  };
}

async function pull(
  calls: EngineCalls,
  reference: string,
  { platform, login, onLine = () => {} }: PullOptions,
) {
  const { repo, tag } = splitName(reference);
  try {
    const stream = await calls.stream({
      asked: `pull the image ${reference}`,
      method: 'POST',
      path: '/images/create',
      query: { fromImage: repo, tag, platform: platform ?? undefined },
      timeoutMs: hourMs,
      ...(login ? { registryAuth: Buffer.from(JSON.stringify(login)).toString('base64url') } : {}),
    });
    await readProgress(stream, onLine, (said) => pullFailed(reference, said));
  } catch (error) {
    const code = error instanceof CodedError ? error.code : '';
    if (!['docker/not-found', 'docker/engine-failed', 'docker/refused'].includes(code)) throw error;
    throw pullFailed(reference, (error as Error).message.replace(/^could not pull the image \S+: /, ''));
  }
}

/** `repo:tag` and `repo@sha256:…`; a colon before the last slash is a registry's port. */
function splitName(reference: string): { repo: string; tag: string } {
  const digest = reference.indexOf('@');
  if (digest !== -1) return { repo: reference.slice(0, digest), tag: reference.slice(digest + 1) };
  const colon = reference.indexOf(':', reference.lastIndexOf('/') + 1);
  if (colon === -1) return { repo: reference, tag: 'latest' };
  return { repo: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}

interface Progress {
  status?: string;
  id?: string;
  stream?: string;
  error?: string;
}

/** Reads lines of JSON to the end. The engine answers 200 before it knows whether it will succeed. */
async function readProgress(
  stream: NodeJS.ReadableStream,
  onLine: (line: string) => void,
  failure: (said: string) => CodedError,
): Promise<void> {
  let rest = '';
  const take = (line: string) => {
    if (line.trim() === '') return;
    const { status, id, stream: text, error } = JSON.parse(line) as Progress;
    if (error !== undefined) throw failure(error);
    // Bars that move are left out: only what names a new state is a line.
    if (status !== undefined && !/^(Downloading|Extracting|Waiting)/.test(status))
      onLine(id === undefined ? status : `${id}: ${status}`);
    if (text?.trim()) onLine(text.trimEnd());
  };
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  }
  take(rest);
}

function pullFailed(reference: string, said: string): CodedError {
  return new CodedError('docker/pull-failed', `could not pull the image ${reference}: ${said}`, {
    help: `try it by hand: docker pull ${reference}`,
  });
}

function loadFailed(said: string): CodedError {
  if (/no space left/i.test(said))
    return new CodedError('docker/disk-full', `could not load images: ${said}`, {
      help: 'look for what takes the space: docker system df',
    });
  return new CodedError('docker/engine-failed', `could not load images: ${said}`);
}
