import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Media, MediaPage } from '@medianest/shared';
import { createSigner } from '../src/signature.ts';
import { startApp, temporaryFolder } from './rig.ts';

const stalker = { title: 'Stalker', kind: 'film', creator: 'Andrei Tarkovsky', year: 1979 };
const kidA = { title: 'Kid A', kind: 'album', creator: 'Radiohead', year: 2000, tags: ['rock'] };

describe('the library', () => {
  it('keeps an item and gives it back', async (t) => {
    const { post, request } = await startApp(t);
    const added = await post('/api/media', stalker);
    assert.equal(added.status, 201);
    const item = (await added.json()) as Media;
    const found = await request(added.headers.get('location') ?? '');
    assert.deepEqual(await found.json(), item);
    assert.equal(item.posterUrl, null);
  });

  it('says everything that is wrong with an item and keeps nothing of it', async (t) => {
    const { post, request } = await startApp(t);
    const refused = await post('/api/media', { title: '', kind: 'game' });
    assert.equal(refused.status, 422);
    const { errors } = (await refused.json()) as { errors: { field: string }[] };
    assert.deepEqual(
      errors.map((error) => error.field),
      ['title', 'kind'],
    );
    assert.equal(((await (await request('/api/media')).json()) as MediaPage).total, 0);
  });

  it('answers 404 for an item that is not there', async (t) => {
    const { request } = await startApp(t);
    assert.equal((await request('/api/media/nothing')).status, 404);
    assert.equal((await request('/api/media/nothing/poster')).status, 404);
  });

  it('refuses a body that is no JSON, too large, or said to be something else', async (t) => {
    const { request } = await startApp(t);
    const headers = { 'content-type': 'application/json' };
    const send = async (body: string, init = {}) =>
      (await request('/api/media', { method: 'POST', headers, body, ...init })).status;
    assert.equal(await send('{'), 400);
    assert.equal(await send(JSON.stringify('x'.repeat(70_000))), 413);
    assert.equal(await send('{}', { headers: { 'content-type': 'text/plain' } }), 415);
  });
});

describe('search', () => {
  async function search(t: Parameters<typeof startApp>[0], query: string): Promise<string[]> {
    const { post, request } = await startApp(t);
    for (const item of [stalker, kidA]) await post('/api/media', item);
    const page = (await (await request(`/api/media?${query}`)).json()) as MediaPage;
    assert.equal(page.total, page.items.length);
    return page.items.map((item) => item.title).toSorted();
  }

  it('finds everything without words', async (t) => {
    assert.deepEqual(await search(t, ''), ['Kid A', 'Stalker']);
  });

  it('finds words in title, creator and tags, in any case', async (t) => {
    assert.deepEqual(await search(t, 'q=STALKER'), ['Stalker']);
    assert.deepEqual(await search(t, 'q=radioHead+rock'), ['Kid A']);
    assert.deepEqual(await search(t, 'q=radiohead+film'), []);
  });

  it('takes the signs of a pattern for what they are', async (t) => {
    assert.deepEqual(await search(t, 'q=%25'), []);
    assert.deepEqual(await search(t, 'q=_'), []);
  });

  it('finds only the kind asked for', async (t) => {
    assert.deepEqual(await search(t, 'kind=album'), ['Kid A']);
  });

  it('refuses a kind and a limit that cannot be', async (t) => {
    const { request } = await startApp(t);
    for (const query of ['kind=game', 'limit=0', 'limit=101', 'limit=x']) {
      assert.equal((await request(`/api/media?${query}`)).status, 400, query);
    }
  });

  it('gives no more than the limit, and counts all', async (t) => {
    const { post, request } = await startApp(t);
    for (const item of [stalker, kidA]) await post('/api/media', item);
    const page = (await (await request('/api/media?limit=1')).json()) as MediaPage;
    assert.equal(page.items.length, 1);
    assert.equal(page.total, 2);
  });
});

describe('every answer', () => {
  it('says which revision gave it', async (t) => {
    const { request } = await startApp(t);
    for (const place of ['/', '/api/media', '/nothing', '/ready']) {
      assert.equal((await request(place)).headers.get('x-medianest-revision'), 'r7', place);
    }
  });

  it('is signed, and names the key', async (t) => {
    const file = path.join(temporaryFolder(t), 'key');
    writeFileSync(file, 'a signing key\n');
    const { request } = await startApp(t, { env: { SIGNING_KEY_FILE: file } });
    const response = await request('/health');
    const signed = createSigner('a signing key')(await response.text());
    assert.equal(response.headers.get('x-medianest-signature'), signed);
    assert.match(signed, /^[0-9a-f]{8}=/);
  });

  it('is 404 for an unknown path and 405 for a method that a path does not have', async (t) => {
    const { request } = await startApp(t);
    assert.equal((await request('/nothing')).status, 404);
    assert.equal((await request('/health', { method: 'DELETE' })).status, 405);
  });

  it('has no body for HEAD', async (t) => {
    const { request } = await startApp(t);
    const response = await request('/health', { method: 'HEAD' });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), '');
  });

  it('is 500 without particulars when the database fails', async (t) => {
    const { request } = await startApp(t, { migrated: false });
    const response = await request('/api/media');
    assert.equal(response.status, 500);
    assert.deepEqual(await response.json(), { error: 'something went wrong on our side' });
  });
});

describe('the front end', () => {
  it('is served, and not sent again to who has it', async (t) => {
    const { request } = await startApp(t);
    const page = await request('/');
    assert.match(await page.text(), /MediaNest/);
    const etag = page.headers.get('etag') ?? '';
    const again = await request('/', { headers: { 'if-none-match': etag } });
    assert.equal(again.status, 304);
  });
});
