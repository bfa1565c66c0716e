import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { ImageBuild } from '../compose/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import type { Engine } from '../docker/index.ts';
import type { ReleaseImage, WantedImage } from '../release/index.ts';
import { builtImageName, pullImage } from '../targets/index.ts';

/** What images are made with. */
export interface ImageMaking {
  engine: Engine;
  app: string;
  commit: string;
  /** Everything that builds and pulls say is appended here. */
  logFile: string;
  /** Marks what this home has made. */
  homeId: string;
  /** Values of the secrets that a build may mount, by their key in the Compose file. */
  buildSecrets(wanted: WantedImage): Promise<{ id: string; content: string }[]>;
  /** Is told what goes on, one sentence. */
  onProgress: (sentence: string) => void;
}

const buildTimeoutMs = 3_600_000;

/**
 * Builds and pulls what a release wants, one after the other, each once. What the engine's cache has is not made again.
 *
 * @param filesDirectory - The files of the commit, which builds take as their context.
 * @throws CodedError `wiring/image-failed` with the service, the Dockerfile's place and the end of the log.
 */
export async function makeImages(
  wanted: readonly WantedImage[],
  filesDirectory: string,
  making: ImageMaking,
): Promise<ReleaseImage[]> {
  await mkdir(dirname(making.logFile), { recursive: true, mode: 0o700 });
  const images: ReleaseImage[] = [];
  // Builds first: another service may run by name what one of them makes.
  for (const one of wanted.filter(({ build }) => build !== null)) {
    images.push(await built(one, filesDirectory, making));
  }
  for (const one of wanted.filter(({ build }) => build === null)) {
    const own = images.find(({ reference }) => reference !== null && reference === one.reference);
    images.push(own ? { ...own, key: one.key, services: one.services } : await pulled(one, making));
  }
  return images;
}

async function built(
  wanted: WantedImage,
  filesDirectory: string,
  making: ImageMaking,
): Promise<ReleaseImage> {
  const { key, services, build, reference, platform } = wanted;
  if (!build) throw new Error(`"${services.join(', ')}" is not built`);
  const { engine, app, commit, homeId, logFile } = making;
  making.onProgress(`builds the image of ${services.join(', ')}`);
  const context = contextOf(build.context, filesDirectory, build);
  try {
    const id = await engine.build({
      context,
      dockerfile: build.dockerfileInline === null ? join(context, build.dockerfile ?? 'Dockerfile') : null,
      inline: build.dockerfileInline,
      args: withoutNulls(build.args),
      target: build.target,
      labels: { ...build.labels, 'org.opencontainers.image.revision': commit, 'slipway.home': homeId },
      // A name keeps it from being taken for a leftover by "docker image prune".
      tags: [builtImageName(app, createHash('sha256').update(`${commit} ${key}`).digest('hex'))],
      cacheFrom: build.cacheFrom,
      noCache: build.noCache,
      pull: build.pull,
      network: build.network,
      platform: build.platforms[0] ?? platform,
      shmSizeBytes: build.shmSizeBytes,
      extraHosts: build.extraHosts,
      contexts: contextsOf(build, filesDirectory),
      secrets: await making.buildSecrets(wanted),
      logFile,
      timeoutMs: buildTimeoutMs,
    });
    return { key, services, reference, id, digest: null, built: true };
  } catch (error) {
    throw buildFailed(wanted, build, error);
  }
}

async function pulled(wanted: WantedImage, making: ImageMaking): Promise<ReleaseImage> {
  const { key, services, platform, pullPolicy } = wanted;
  const { images } = making.engine;
  const reference = wanted.reference ?? '';
  const present = await images.inspect(reference);
  if (!present || pullPolicy === 'always') {
    if (pullPolicy === 'never') throw notThere(wanted, reference);
    making.onProgress(`pulls ${reference}`);
    await pullImage(making, reference, { platform });
  }
  const image = await images.inspect(reference);
  if (!image) throw notThere(wanted, reference);
  const digests = image.RepoDigests ?? [];
  const repository = reference.replace(/(@.*|:[^:/]+)$/, '');
  const digest = digests.find((one) => one.startsWith(`${repository}@`)) ?? digests[0] ?? null;
  return { key, services, reference, id: image.Id, digest, built: false };
}

function contextOf(path: string, filesDirectory: string, build: ImageBuild): string {
  if (/^[a-z]+:\/\/|^git@/.test(path)) return path;
  if (isAbsolute(path) || normalize(path).startsWith('..')) {
    throw new CodedError(
      'wiring/context-outside',
      `${placeOf(build)}the build takes its files from "${path}", which is not in the commit`,
      { help: 'build from a folder of the repository' },
    );
  }
  return join(filesDirectory, path);
}

function contextsOf(build: ImageBuild, filesDirectory: string): Record<string, string> {
  const entries = Object.entries(build.additionalContexts).map(([name, path]) => {
    if (path.startsWith('service:')) throw serviceContext(build, path);
    const other = /^[a-z-]+:\/\//.test(path);
    return [name, other ? path : contextOf(path, filesDirectory, build)];
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

function withoutNulls(args: Record<string, string | null>): Record<string, string> {
  const entries = Object.entries(args);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null));
}

function serviceContext(build: ImageBuild, path: string): CodedError {
  return new CodedError(
    'wiring/context-outside',
    `${placeOf(build)}the build takes "${path}" as a context, the image of another service`,
    { help: 'use a stage of one Dockerfile for both: "FROM … AS base", and "target:" under "build:"' },
  );
}

function buildFailed({ services }: WantedImage, build: ImageBuild, cause: unknown): Error {
  if (!(cause instanceof CodedError) || cause.code.startsWith('wiring/')) return cause as Error;
  const file =
    build.dockerfileInline === null ? `${build.context}/${build.dockerfile ?? 'Dockerfile'}` : 'inline';
  const whose = services.map((name) => `"${name}"`).join(', ');
  return new CodedError(
    'wiring/image-failed',
    `${placeOf(build)}the image of ${whose} (${normalize(file)}): ${cause.message}`,
    { notes: cause.notes, help: cause.help ?? 'mend what the last lines say', cause },
  );
}

function notThere({ services }: WantedImage, reference: string): CodedError {
  const whose = services.map((name) => `"${name}"`).join(', ');
  return new CodedError(
    'wiring/image-failed',
    `the engine does not have image "${reference}" of ${whose}, and "pull_policy: never" forbids to fetch it`,
    { help: `put it there: docker load, or docker pull ${reference}` },
  );
}

function placeOf({ at }: ImageBuild): string {
  return `${at.file}:${at.start.line}: `;
}
