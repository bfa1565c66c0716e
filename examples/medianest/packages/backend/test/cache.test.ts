import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { commandOf, openCache } from '../src/cache.ts';
import { MediaStore } from '../src/media-store.ts';
import { PosterQueue } from '../src/poster-queue.ts';
import { testDatabase } from './rig.ts';

/** Answers the commands it knows, in the notation of Redis, one byte group after the other. */
async function fakeRedis(t: TestContext, answers: Record<string, string>): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', (chunk) => {
      const answer = answers[chunk.toString()];
      if (answer === undefined) return void socket.destroy();
      socket.write(answer.slice(0, 5));
      setImmediate(() => socket.write(answer.slice(5)));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the cache', () => {
  it('gives what it has, and null for what it has not', async (t) => {
    const url = await fakeRedis(t, {
      [commandOf(['GET', 'a'])]: '$7\r\nBjörk!\r\n',
      [commandOf(['GET', 'b'])]: '$-1\r\n',
      [commandOf(['SET', 'a', 'x', 'EX', '3600'])]: '+OK\r\n',
    });
    const cache = openCache(url);
    assert.equal(await cache.get('a'), 'Björk!');
    assert.equal(await cache.get('b'), null);
    await cache.set('a', 'x');
    cache.close();
  });

  it('has nothing when Redis refuses, breaks off or is not there', async (t) => {
    const url = await fakeRedis(t, { [commandOf(['GET', 'a'])]: '-ERR no memory\r\n' });
    const cache = openCache(url);
    assert.equal(await cache.get('a'), null);
    assert.equal(await cache.get('unknown'), null);
    cache.close();
    assert.equal(await openCache('redis://127.0.0.1:1').get('a'), null);
  });
});

describe('posters', () => {
  it('come from the cache once they were asked for', async (t) => {
    const database = await testDatabase(t);
    const kept = new Map<string, string>();
    const cache = {
      get: async (key: string) => kept.get(key) ?? null,
      set: async (key: string, value: string) => void kept.set(key, value),
      close: () => undefined,
    };
    const item = { title: 'Kid A', kind: 'album', creator: '', year: null, tags: [] } as const;
    const { id } = await new MediaStore(database).add({ ...item, tags: [] });
    const queue = new PosterQueue(database, { cache });
    assert.equal(await queue.poster(id), null);
    await queue.finish((await queue.take())?.mediaId ?? '', '<svg/>');
    assert.equal(await queue.poster(id), '<svg/>');
    assert.deepEqual([...kept], [[`poster:${id}`, '<svg/>']]);
    kept.set(`poster:${id}`, '<svg>kept</svg>');
    assert.equal(await queue.poster(id), '<svg>kept</svg>');
    assert.deepEqual(await queue.newest(5), [{ mediaId: id, svg: '<svg/>' }]);
  });
});
