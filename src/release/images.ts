import { withoutPlaces } from '../compose/index.ts';
import type { ComposeProject, ComposeService, ImageBuild } from '../compose/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import { canonicalJson } from '../flow/index.ts';
import { digestOf } from './manifest.ts';

/** An image that services of a release run, before it is there. Services that say the same share it. */
export interface WantedImage {
  /** Hash of what it is made of; see `imageKey`. */
  key: string;
  /** Services that run it, for people. */
  services: string[];
  /** Null for an image that is only pulled. */
  build: ImageBuild | null;
  /** As the Compose file writes it; null for one that is only built. */
  reference: string | null;
  platform: string | null;
  pullPolicy: ComposeService['pullPolicy'];
}

/** An image of a release: what was wanted, pinned to what the engine has. */
export interface ReleaseImage {
  key: string;
  services: string[];
  reference: string | null;
  /** `sha256:…`, the engine's id. */
  id: string;
  /** `postgres@sha256:…`; null when it did not come from a registry. */
  digest: string | null;
  built: boolean;
}

/**
 * Names an image by what it is made of: its build, or its reference. Environments whose variables come to the same share
 * one image; those whose build arguments differ do not.
 */
export function imageKey({ build, image, platform }: ComposeService): string {
  return digestOf(canonicalJson(withoutPlaces(build ? { build, platform } : { image, platform })));
}

/** Names a `pre_start` hook among the runners of images; no service can be called so. */
function hookName(service: string, index: number): string {
  return `${service}/pre_start/${index + 1}`;
}

/** What runs an image: the services, and each of their hooks that names one, as if it were a service. */
function runners({ services }: ComposeProject): ComposeService[] {
  return services.flatMap((service) => [service, ...hookRunners(service)]);
}

function hookRunners(service: ComposeService): ComposeService[] {
  return service.hooks.preStart.flatMap(({ image }, index) =>
    image === null
      ? []
      : [{ ...service, name: hookName(service.name, index), build: null, image, pullPolicy: null }],
  );
}

/** Every image that any of the projects runs, once each, in the order of their services. */
export function wantedImages(projects: readonly ComposeProject[]): WantedImage[] {
  const wanted = new Map<string, WantedImage>();
  for (const service of projects.flatMap(runners)) {
    const key = imageKey(service);
    const known = wanted.get(key);
    if (known) known.services = [...new Set([...known.services, service.name])];
    else wanted.set(key, want(key, service));
  }
  return [...wanted.values()];
}

function want(key: string, { name, build, image, platform, pullPolicy }: ComposeService): WantedImage {
  return { key, services: [name], build, reference: image, platform, pullPolicy };
}

/**
 * The image of each service of a project, and of each hook that names one; for `withHookImages`.
 *
 * @throws CodedError `release/other-image` when variables have changed since the release was made, so that it lacks one.
 */
export function imagesFor(project: ComposeProject, images: readonly ReleaseImage[]): Record<string, string> {
  const byKey = new Map(images.map(({ key, id }) => [key, id]));
  const found: Record<string, string> = {};
  for (const service of runners(project)) {
    const id = byKey.get(imageKey(service));
    if (id === undefined) throw otherImage(service);
    found[service.name] = id;
  }
  return found;
}

/**
 * A service whose hooks run the images that were pinned for them.
 *
 * @param images - From `imagesFor`; what was pinned by a version that knew none of hooks keeps the names of the file.
 */
export function withHookImages(
  service: ComposeService,
  images: Readonly<Record<string, string>>,
): ComposeService {
  const { name, hooks } = service;
  const preStart = hooks.preStart.map((hook, index) => ({
    ...hook,
    image: images[hookName(name, index)] ?? hook.image,
  }));
  return { ...service, hooks: { ...hooks, preStart } };
}

/** How an image came in, for people. */
export function imageLine({ services, reference, id, digest, built }: ReleaseImage): string {
  const whose = services.map((name) => `"${name}"`).join(', ');
  const what = built ? 'built from the commit' : `${reference ?? ''} as it is now`;
  const [, hash = ''] = (digest ?? id).split('sha256:');
  return `image of ${whose}: ${what}, ${hash.slice(0, 12)}`;
}

function otherImage({ name, build, image }: ComposeService): CodedError {
  const what = build ? 'build arguments that give another image' : `image "${image ?? ''}"`;
  return new CodedError(
    'release/other-image',
    `service "${name}" wants ${what}, which the release was not made with`,
    {
      notes: ['a variable of the environment has changed since the release was made'],
      help: 'ship the commit again: slipway ship',
    },
  );
}
