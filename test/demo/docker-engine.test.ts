import { afterEach, describe, expect, it } from 'vitest';
import {
  baseImagesOf,
  fetchImages,
  findEngine,
  type DockerEngine,
} from '../../scripts/demo/docker-engine.ts';
import { parseOptions } from '../../scripts/demo/options.ts';

const dockerHost = process.env['DOCKER_HOST'];
afterEach(() => {
  delete process.env['DOCKER_HOST'];
  if (dockerHost !== undefined) process.env['DOCKER_HOST'] = dockerHost;
});

/** An engine that has some images, and can fetch others. */
function engineWith(present: string[], fetchable: string[] = []): DockerEngine {
  return {
    url: 'unix:///nowhere',
    docker: ([verb = '', ...words]) => {
      const name = words.at(-1) ?? '';
      if (verb === 'image' && present.includes(name)) return Promise.resolve('[]');
      if (verb === 'pull' && fetchable.includes(name)) return Promise.resolve(name);
      return Promise.reject(Object.assign(new Error('failed'), { stderr: 'first line\nno such host\n' }));
    },
  };
}

describe('the engine of the demo', () => {
  const signal = new AbortController().signal;

  it.each([
    [
      'unix:///nowhere/docker.sock',
      'there is no Docker Engine at unix:///nowhere/docker.sock',
      'apt-get install docker.io',
    ],
    [
      'ssh://vps',
      'DOCKER_HOST is ssh://vps, and it needs an engine on this machine',
      'export DOCKER_HOST=unix:///var/run/docker.sock',
    ],
  ])('is not used at %s, with the reason and what to do', async (url, because, todo) => {
    process.env['DOCKER_HOST'] = url;
    expect(await findEngine()).toEqual({ engine: null, lack: { because, todo } });
  });

  it('needs what the Compose file and the Dockerfile of the example name', () => {
    expect(baseImagesOf('examples/medianest')).toEqual(['node:26.10.0-slim', 'postgres:15', 'redis:7']);
  });

  it('fetches the images that it does not have, and no others', async () => {
    const missing: string[] = [];
    const told = { signal, onMissing: (names: readonly string[]) => void missing.push(...names) };
    expect(await fetchImages(engineWith(['a'], ['b']), ['a', 'b'], told)).toBeNull();
    expect(missing).toEqual(['b']);
    expect(await fetchImages(engineWith(['a']), ['a', 'b'], told)).toEqual({
      because: 'the engine does not have b and cannot fetch it: no such host',
      todo: 'docker pull b',
    });
  });

  it('is looked for unless only one part was asked for', () => {
    expect(parseOptions([]).parts).toEqual(['processes', 'docker']);
    expect(parseOptions(['--only', 'docker']).parts).toEqual(['docker']);
    expect(() => parseOptions(['--only', 'moon'])).toThrow('--only takes processes or docker, not "moon"');
  });
});
