import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Media, MediaPage } from '@medianest/shared';
import { startApp } from './rig.ts';

const stalker = { title: 'Stalker', kind: 'film' };

describe('ratings', () => {
  it('are the mean of all stars, to a tenth', async (t) => {
    const { post, request } = await startApp(t);
    const { id, rating } = (await (await post('/api/media', stalker)).json()) as Media;
    assert.equal(rating, null);
    for (const stars of [5, 5, 4]) {
      assert.equal((await post(`/api/media/${id}/ratings`, { stars })).status, 201);
    }
    const item = (await (await request(`/api/media/${id}`)).json()) as Media;
    assert.deepEqual([item.rating, item.ratingCount], [4.7, 3]);
    const page = (await (await request('/api/media')).json()) as MediaPage;
    assert.equal(page.items[0]?.rating, 4.7);
  });

  it('are whole stars from 1 to 5', async (t) => {
    const { post } = await startApp(t);
    const { id } = (await (await post('/api/media', stalker)).json()) as Media;
    for (const stars of [0, 6, 2.5, 'five', null]) {
      assert.equal((await post(`/api/media/${id}/ratings`, { stars })).status, 422);
    }
    assert.equal((await post(`/api/media/${id}/ratings`, 5)).status, 422);
  });

  it('need an item', async (t) => {
    const { post } = await startApp(t);
    assert.equal((await post('/api/media/nothing/ratings', { stars: 5 })).status, 404);
  });
});
