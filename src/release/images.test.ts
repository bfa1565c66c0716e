import { expect, test } from 'vitest';
import type { ComposeProject, ComposeService } from '../compose/index.ts';
import { imagesFor, wantedImages, withHookImages } from './index.ts';

function service(name: string, rest: Partial<ComposeService>): ComposeService {
  const hooks = { preStart: [], postStart: [], preStop: [] };
  return {
    name,
    image: null,
    build: null,
    platform: null,
    pullPolicy: null,
    hooks,
    ...rest,
  } as ComposeService;
}

function project(...services: ComposeService[]): ComposeProject {
  return { name: null, services, volumes: {}, networks: {}, secrets: {}, configs: {} };
}

const build = (args: Record<string, string> = {}) =>
  ({ context: '.', dockerfile: 'Dockerfile', args }) as unknown as NonNullable<ComposeService['build']>;

test('services and environments that say the same share one image', () => {
  const at = (line: number) => ({
    file: 'compose.yml',
    start: { line, column: 1 },
    end: { line, column: 2 },
  });
  const placed = (line: number) => ({ ...build(), at: at(line) });
  const staging = project(service('web', { build: placed(3) }), service('worker', { build: placed(9) }));
  const production = project(service('web', { build: placed(4) }), service('db', { image: 'postgres:15' }));
  expect(wantedImages([staging, production]).map(({ services }) => services)).toEqual([
    ['web', 'worker'],
    ['db'],
  ]);
});

test('build arguments that differ between environments give an image for each', () => {
  const staging = project(service('web', { build: build({ MODE: 'staging' }) }));
  const production = project(service('web', { build: build({ MODE: 'production' }) }));
  const wanted = wantedImages([staging, production]);
  const images = wanted.map(({ key, services, reference }, index) => ({
    key,
    services,
    reference,
    id: `sha256:${index}`,
    digest: null,
    built: true,
  }));
  expect(imagesFor(staging, images)).toEqual({ web: 'sha256:0' });
  expect(imagesFor(production, images)).toEqual({ web: 'sha256:1' });
});

test('a pre_start hook with an image of its own has it brought with the others', () => {
  const hook = (image: string | null) => ({ image, command: ['chown', '-R', '1000', '/data'] });
  const preStart = [hook(null), hook('busybox:1.37')];
  const hooks = { preStart, postStart: [], preStop: [] } as unknown as ComposeService['hooks'];
  const app = project(service('web', { build: build(), hooks }), service('shell', { image: 'busybox:1.37' }));
  const wanted = wantedImages([app]);
  expect(wanted.map(({ services, reference }) => [reference, ...services])).toEqual([
    [null, 'web'],
    ['busybox:1.37', 'web/pre_start/2', 'shell'],
  ]);
  const images = wanted.map((one, index) => ({ ...one, id: `sha256:${index}`, digest: null, built: false }));
  expect(imagesFor(app, images)).toEqual({
    web: 'sha256:0',
    'web/pre_start/2': 'sha256:1',
    shell: 'sha256:1',
  });
  const [web] = app.services;
  const pinned = web && withHookImages(web, imagesFor(app, images)).hooks.preStart;
  expect(pinned?.map(({ image }) => image)).toEqual([null, 'sha256:1']);
});

test('a variable that has changed since the release was made is not answered with another image', () => {
  const then = wantedImages([project(service('db', { image: 'postgres:15' }))]);
  const images = then.map(({ key }) => ({
    key,
    services: ['db'],
    reference: 'postgres:15',
    id: 'sha256:1',
    digest: null,
    built: false,
  }));
  expect(() => imagesFor(project(service('db', { image: 'postgres:16' })), images)).toThrow(
    'service "db" wants image "postgres:16", which the release was not made with',
  );
});
