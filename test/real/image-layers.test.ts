import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openEngine, sendImages, type SendingEnd } from '../../src/docker/index.ts';
import { dockerInstall, lacksDocker, sharedDockerd, startDockerd, type Dockerd } from '../docker/index.ts';
import { lacks } from './support/component.ts';
import { sshd, startSshd } from './support/sshd.ts';

/* Versions of one app on their way from the engine that builds them to one that has nothing at first. */
describe.skipIf(lacksDocker() || lacks(sshd))(
  `images go to another engine layer by layer (missing? ${dockerInstall} openssh-server)`,
  () => {
    let url: string;
    let other: Dockerd;
    const builds: string[] = [];

    beforeAll(async () => {
      url = await sharedDockerd();
      other = await startDockerd();
    });
    afterAll(async () => {
      for (const id of builds) execFileSync('/usr/bin/docker', ['-H', url, 'rmi', '-f', id]);
      await other?.stop();
    });

    const build = (version: string) => {
      const text = `FROM slipway-test/node\nRUN echo always > /fixed\nRUN echo ${version} > /version\nCMD cat /fixed /version\n`;
      const words = ['-H', url, 'build', '-q', '--network', 'none', '-'];
      const id = execFileSync('/usr/bin/docker', words, { input: text, encoding: 'utf8' }).trim();
      builds.push(id);
      return id;
    };
    const imagesOf = (id: string) => other.docker('images', '-aq', '--no-trunc').split('\n').includes(id);
    /** Sends one; tells what was said, and how many bytes each load took. */
    const send = async (id: string, change: Partial<SendingEnd> = {}, to = openEngine(other.url)) => {
      const said: string[] = [];
      const loads: number[] = [];
      const load: SendingEnd['load'] = async (open) => {
        const index = loads.push(0) - 1;
        const counted = async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            loads[index] = (loads[index] ?? 0) + chunk.length;
            yield chunk;
          }
        };
        await to.images.load(Readable.from(counted(await open())));
        if ((await to.images.inspect(id)) === null) throw new Error('it is not there');
      };
      const end = { name: 'vps', layersThere: (images: string[][]) => to.images.layersThere(images), load };
      await sendImages({
        from: openEngine(url).images,
        ids: [id],
        to: { ...end, ...change },
        say: (line) => void said.push(line),
      });
      return { said, loads };
    };

    it('the first version goes whole, the next one without what is there, also through ssh, and all run', async () => {
      const first = await send(build('v1'));
      expect(first.said).toEqual([
        expect.stringMatching(/^sent 1\d\d MiB of images to vps, with all layers$/),
      ]);
      const v2 = build('v2');
      const second = await send(v2);
      expect(second.said).toEqual([
        expect.stringMatching(/^sent \d+ KiB of images to vps; 1\d\d MiB were there already$/),
      ]);
      expect(second.loads).toHaveLength(1);
      expect(second.loads[0]).toBeLessThan(100_000);
      expect(first.loads[0]).toBeGreaterThan(100_000_000);
      const runs = (id: string) => other.docker('run', '--rm', '--network', 'none', id).split('\n');
      expect(runs(v2)).toEqual(['always', 'v2']);

      const folder = mkdtempSync(join(tmpdir(), 'slipway-layers-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const server = await startSshd(join(folder, 'ssh'), { DOCKER_HOST: other.url, PATH: '/usr/bin:/bin' });
      onTestFinished(() => server.stop());
      const v3 = build('v3');
      const far = await send(v3, {}, openEngine('ssh://vps', { ssh: join(server.clientPath, 'ssh') }));
      expect(far.loads[0]).toBeLessThan(100_000);
      expect(runs(v3)).toEqual(['always', 'v3']);
    });

    it('layers that went away at the last moment are sent after all', async () => {
      const id = build('v4');
      const to = openEngine(other.url);
      const layersThere = async (images: string[][]) => {
        const counts = await to.images.layersThere(images);
        other.docker('image', 'prune', '-af');
        return counts;
      };
      const { said, loads } = await send(id, { layersThere });
      expect(said).toEqual([
        expect.stringMatching(/^vps did not take the missing layers alone, so all go: .*no such file/),
        expect.stringMatching(/, with all layers$/),
      ]);
      expect(loads).toHaveLength(2);
      expect(other.docker('run', '--rm', '--network', 'none', id).split('\n')).toEqual(['always', 'v4']);
    });

    it('one that breaks off in the middle leaves nothing behind', async () => {
      const id = build('v5');
      const whole = (await openEngine(url).images.save([id])) as Readable;
      const half = async function* () {
        let sentBytes = 0;
        for await (const chunk of whole as AsyncIterable<Buffer>) {
          yield chunk;
          sentBytes += chunk.length;
          if (sentBytes > 50_000_000) return;
        }
      };
      const from = {
        inspect: (name: string) => openEngine(url).images.inspect(name),
        save: () => Promise.resolve(Readable.from(half())),
      };
      const { images } = openEngine(other.url);
      const sending = sendImages({
        from,
        ids: [id],
        to: { name: 'vps', layersThere: async () => [0], load: async (open) => images.load(await open()) },
        say: () => {},
      });
      await expect(sending).rejects.toThrow();
      expect(imagesOf(id)).toBe(false);
      const data = other.docker('info', '--format', '{{.DockerRootDir}}');
      await expect.poll(() => readdirSync(join(data, 'tmp'))).toEqual([]);
    });
  },
);
