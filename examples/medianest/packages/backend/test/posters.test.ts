import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import type { Media, NewMedia } from '@medianest/shared';
import { MediaStore } from '../src/media-store.ts';
import { drawPoster } from '../src/poster.ts';
import { PosterQueue } from '../src/poster-queue.ts';
import { drawPosters } from '../src/worker-loop.ts';
import { startApp, testDatabase } from './rig.ts';

const item: NewMedia = { title: 'Kid A', kind: 'album', creator: '', year: null, tags: [] };

describe('the worker', () => {
  it('draws the posters that wait, and stops when told', async (t) => {
    const { database, post, request } = await startApp(t);
    const added = (await (await post('/api/media', item)).json()) as Media;
    const stop = new AbortController();
    const worker = drawPosters(new PosterQueue(database), stop.signal);
    let poster = await request(`/api/media/${added.id}/poster`);
    while (poster.status === 404) {
      await sleep(10);
      poster = await request(`/api/media/${added.id}/poster`);
    }
    stop.abort();
    assert.equal(await worker, 1);
    assert.equal(poster.headers.get('content-type'), 'image/svg+xml');
    const found = (await (await request(`/api/media/${added.id}`)).json()) as Media;
    assert.equal(found.posterUrl, `/api/media/${added.id}/poster`);
  });
});

describe('the queue', () => {
  it('gives a task to one worker only', async (t) => {
    const database = await testDatabase(t);
    await new MediaStore(database).add(item);
    const queue = new PosterQueue(database);
    assert.equal((await queue.take())?.title, 'Kid A');
    assert.equal(await queue.take(), null);
  });

  it('gives a task again whose worker died', async (t) => {
    const database = await testDatabase(t);
    await new MediaStore(database).add(item);
    await new PosterQueue(database).take();
    const later = new PosterQueue(database, { now: () => Date.now() + 31_000 });
    assert.equal((await later.take())?.title, 'Kid A');
  });
});

describe('a poster', () => {
  it('shows the initials of the first two words', () => {
    assert.match(drawPoster('the big lebowski', 'film'), />TB<\/text>/);
  });

  it('cannot be made to hold markup', () => {
    assert.ok(!drawPoster('<script>', 'book').includes('<s'.concat('cript')));
    assert.match(drawPoster('<', 'book'), />&#60;<\/text>/);
  });
});
