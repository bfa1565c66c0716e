import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { CodedError } from '../../diagnostics/index.ts';
import { writeTar, type Engine } from '../../docker/index.ts';
import { Bringing } from './bringing.ts';
import type { MachineCall } from './calls.ts';
import type { RevisionNeeds } from './model.ts';

const needs = {
  scope: 'shop/production',
  revision: 'r7',
  release: 'sha256:1',
  files: null,
  images: [{ id: 'app' }, { id: 'base' }, { id: 'pulled-there' }],
} as unknown as RevisionNeeds;

const file = (path: string) => ({ path, content: Buffer.alloc(2048), mode: 0o644, uid: 0, gid: 0 });

/** A machine that has some images, and the engine that images come from. */
function machine(there: string[]) {
  const has = new Set(there);
  const done: string[] = [];
  const sent: string[] = [];
  const said: string[] = [];
  const away: { error: Error | null } = { error: null };
  const link = {
    name: 'vps',
    home: 'h1',
    say: (line: string) => void said.push(line),
    ask: <T>(_scope: string, call: MachineCall): Promise<T> => {
      if (call.do === 'missing-images')
        return Promise.resolve(call.ids.filter((id) => !has.has(id)) as unknown as T);
      if (call.do === 'layers-there') return Promise.resolve(call.images.map(() => 0) as unknown as T);
      done.push(call.do === 'prepare' ? `prepare ${call.fence}` : call.do);
      return Promise.resolve('none' as T);
    },
    send: async (path: string, about: Record<string, string>, open: () => Promise<Readable>) => {
      if (away.error) throw away.error;
      sent.push(`${path} ${about['names']}`);
      const archive = (await (await open()).toArray()).join('');
      for (const { id } of needs.images) if (archive.includes(`${id}.json`)) has.add(id);
    },
  };
  const images = {
    inspect: (id: string) =>
      Promise.resolve(
        id === 'pulled-there'
          ? null
          : {
              Id: id,
              RootFS: { Layers: ['a', 'b'] },
              RepoTags:
                id === 'base' ? ['redis:7', 'slipway/pulled:h9-a-b-c'] : [`slipway/shop:${id}`, 'shop:1'],
            },
      ),
    save: (ids: string[]) => Promise.resolve(Readable.from([writeTar(ids.map((id) => file(`${id}.json`)))])),
  };
  return {
    bringing: new Bringing({ link, engine: { images } as unknown as Engine }),
    done,
    sent,
    said,
    away,
  };
}

async function ends(bringing: Bringing): Promise<unknown> {
  for (;;) {
    const seen = await bringing.look(needs);
    if (seen !== 'going') return seen;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('only what is missing is sent, with the names that Slipway gave it, and prepared under the fence of then', async () => {
  const { bringing, done, sent, said } = machine(['base']);
  await bringing.begin(needs, 3);
  await bringing.begin(needs, 4);
  await ends(bringing);
  expect(sent).toEqual(['/machine/images app slipway/shop:app']);
  expect(said).toEqual(['sent 3.5 KiB of images to vps, with all layers']);
  // What neither has, the other side pulls, or says why not.
  await bringing.begin(needs, 5);
  expect(done).toEqual(['look-at-prepared', 'prepare 5']);
});

test('what was pulled arrives with the mark by which this home collects it there', async () => {
  const { bringing, sent } = machine(['app']);
  await bringing.begin(needs, 3);
  await ends(bringing);
  const [names = ''] = sent;
  expect(names).toMatch(/^\/machine\/images base slipway\/pulled:h1-[\w-]+$/);
});

test('where nothing is missing, it is prepared at once', async () => {
  const { bringing, done, sent } = machine(['app', 'base', 'pulled-there']);
  await bringing.begin(needs, 3);
  expect([done, sent]).toEqual([['prepare 3'], []]);
});

test('a failure is told, and a machine that fell silent is sent the rest when it is heard again', async () => {
  const { bringing, sent, away } = machine(['base']);
  away.error = new CodedError('docker/disk-full', 'could not load images: no space left on device', {});
  await bringing.begin(needs, 3);
  expect(await ends(bringing)).toEqual({ failed: away.error.message, logTail: [] });
  away.error = new CodedError('wiring/machine-silent', 'vps does not answer', {});
  await bringing.begin(needs, 3);
  expect(await ends(bringing)).toBe('none');
  away.error = null;
  await bringing.begin(needs, 3);
  await ends(bringing);
  expect(sent).toHaveLength(1);
});
