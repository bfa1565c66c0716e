import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { CodedError } from '../diagnostics/index.ts';
import { readTar } from './read-tar.ts';
import { sendImages, type SendingEnd } from './send-images.ts';
import { writeTar } from './tar.ts';

const file = (path: string, content: Buffer) => ({ path, content, mode: 0o644, uid: 0, gid: 0 });

/** The engine that built them, of an image for each id. @param images - Layers from the lowest; each has 100 KiB. */
function builder(images: Record<string, string[]>) {
  const archive = (ids: string[]) => {
    const layers = [...new Set(ids.flatMap((id) => images[id] ?? []))].map((layer) =>
      file(`blobs/sha256/${layer}`, Buffer.alloc(100 * 1024, layer)),
    );
    const configs = ids.map((id) => id.replace('sha256:', 'blobs/sha256/'));
    const manifest = ids.map((id, index) => ({
      Config: configs[index],
      Layers: images[id]?.map((layer) => `blobs/sha256/${layer}`),
    }));
    const text = Buffer.from(JSON.stringify(manifest));
    return writeTar([
      ...layers,
      ...configs.map((path) => file(path, Buffer.from('{}'))),
      file('manifest.json', text),
    ]);
  };
  return {
    inspect: (id: string) => Promise.resolve({ Id: id, RootFS: { Layers: images[id] ?? [] } } as never),
    save: (ids: string[]) => {
      const bytes = archive(ids);
      const chunks = Array.from({ length: bytes.length / 512 }, (_, at) =>
        bytes.subarray(at * 512, at * 512 + 512),
      );
      return Promise.resolve(Readable.from(chunks));
    },
  };
}

/** An engine that opens files of those layers alone that it does not have. @param believed - What it says that it has. */
function receiver(there: string[], { believed = there.length }: { believed?: number } = {}) {
  const loads: string[][] = [];
  const end: SendingEnd = {
    name: 'vps',
    layersThere: (images) => Promise.resolve(images.map(() => believed)),
    load: async (open) => {
      const files = new Set<string>();
      for await (const { member } of readTar(await open()))
        if (member) files.add(member.path.replace('blobs/sha256/', ''));
      loads.push([...files].filter((name) => /^[a-z]$/.test(name)));
      const missing = ['a', 'b', 'c'].find((layer) => !files.has(layer) && !there.includes(layer));
      if (missing)
        throw new CodedError('docker/engine-failed', `could not load images: open ${missing}: no such file`);
    },
  };
  return { end, loads };
}

/** What is said while an image of three layers is sent. */
async function sending(end: SendingEnd, from: Partial<ReturnType<typeof builder>> = {}) {
  const said: string[] = [];
  const known = builder({ 'sha256:c1': ['a', 'b', 'c'] });
  const done = sendImages({
    from: { ...known, ...from },
    ids: ['sha256:c1'],
    to: end,
    say: (line) => void said.push(line),
  });
  const failed = await done.then(
    () => null,
    (error: Error) => error.message,
  );
  return { said, failed };
}

test('an engine that has nothing of it gets the whole image', async () => {
  const { end, loads } = receiver([]);
  expect(await sending(end)).toEqual({
    said: ['sent 305 KiB of images to vps, with all layers'],
    failed: null,
  });
  expect(loads).toEqual([['a', 'b', 'c']]);
});

test('an engine that has its lower layers gets the others', async () => {
  const { end, loads } = receiver(['a', 'b']);
  expect(await sending(end)).toEqual({
    said: ['sent 104 KiB of images to vps; 201 KiB were there already'],
    failed: null,
  });
  expect(loads).toEqual([['c']]);
});

test('an engine that does not take the missing layers alone gets all once, and this is said', async () => {
  const { end, loads } = receiver(['a'], { believed: 2 });
  expect(await sending(end)).toEqual({
    said: [
      'vps did not take the missing layers alone, so all go: could not load images: open b: no such file',
      'sent 305 KiB of images to vps, with all layers',
    ],
    failed: null,
  });
  expect(loads).toEqual([['c'], ['a', 'b', 'c']]);
});

test('an engine that cannot say what it has gets all, and this is said', async () => {
  const { end, loads } = receiver(['a']);
  const layersThere = () => Promise.reject(new Error('its list is too long'));
  expect((await sending({ ...end, layersThere })).said).toEqual([
    'what vps has of the images could not be found out: its list is too long',
    'sent 305 KiB of images to vps, with all layers',
  ]);
  expect(loads).toEqual([['a', 'b', 'c']]);
});

test('what fails with the whole image, too, has failed: it is sent no third time', async () => {
  for (const believed of [0, 2]) {
    let loads = 0;
    const load: SendingEnd['load'] = async (open) => {
      await (await open()).toArray();
      loads += 1;
      throw new Error('no space left on device');
    };
    const { failed } = await sending({ ...receiver([], { believed }).end, load });
    expect([failed, loads]).toEqual(['no space left on device', believed === 0 ? 1 : 2]);
  }
});

test('an archive that breaks off does not look like a whole one', async () => {
  for (const believed of [0, 2]) {
    const { end, loads } = receiver(['a', 'b'], { believed });
    let opened = 0;
    const save = async () => {
      const whole = await builder({ 'sha256:c1': ['a', 'b', 'c'] }).save(['sha256:c1']);
      opened += 1;
      // What was spared is known by then.
      if (believed > 0 && opened === 1) return whole;
      return Readable.from(breaking((await whole.toArray()) as Buffer[]));
    };
    const { said, failed } = await sending(end, { save });
    expect([failed, loads, said.length]).toEqual(['the engine is gone', [], believed === 0 ? 0 : 1]);
  }
});

async function* breaking(chunks: Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks.slice(0, 500);
  throw new Error('the engine is gone');
}

test('an archive that this program cannot read goes whole', async () => {
  const { end } = receiver(['a'], { believed: 1 });
  const load: SendingEnd['load'] = async (open) =>
    expect((await (await open()).toArray()).join('')).toBe('riddle');
  const save = () => Promise.resolve(Readable.from([Buffer.from('riddle')]));
  expect(await sending({ ...end, load }, { save })).toEqual({
    said: [
      'what vps has of the images could not be found out: the archive of images is broken: it ends too soon',
      'sent 6 bytes of images to vps, with all layers',
    ],
    failed: null,
  });
});

test('an engine that hangs up lets go of the archive that is read for it', async () => {
  const archives: Readable[] = [];
  const save = () => {
    // Begins, and never goes on.
    const stuck = new Readable({ read: () => {} });
    stuck.push(writeTar([file('blobs/sha256/a', Buffer.alloc(512))]).subarray(0, 1024));
    archives.push(stuck);
    return Promise.resolve(stuck);
  };
  const load: SendingEnd['load'] = async (open) => {
    const archive = await open();
    archive.on('error', () => {});
    for await (const _ of archive) {
      archive.destroy();
      break;
    }
    throw new Error('vps does not answer');
  };
  expect((await sending({ ...receiver([]).end, load }, { save })).failed).toBe('vps does not answer');
  await expect.poll(() => archives.map(({ destroyed }) => destroyed)).toEqual([true]);
});
