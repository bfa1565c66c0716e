import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerInstall, lacksDocker, loadImages, startDockerd, type Dockerd } from '../docker/index.ts';
import { openTypist, type Typist } from '../docs/typist.ts';

/* Types docs/compose-quickstart.md, on an engine whose images were made here instead of pulled. */
describe.skipIf(lacksDocker())(`a Compose app in five minutes (missing? ${dockerInstall})`, () => {
  let engine: Dockerd;
  let typist: Typist;

  beforeAll(async () => {
    engine = await startDockerd();
    loadImages(engine, ['node', 'redis']);
    engine.docker('tag', 'slipway-test/node', 'node:24-slim');
    typist = await openTypist({ DOCKER_HOST: engine.url });
    await typist.type('mkdir guest-book; cd guest-book');
  });
  afterAll(async () => {
    await typist?.close();
    await engine?.stop();
  });

  it('docs/compose-quickstart.md shows what really comes', { timeout: 900_000 }, async () => {
    expect((await typist.typePage('docs/compose-quickstart.md')).join('\n\n')).toBe('');
  });
});
