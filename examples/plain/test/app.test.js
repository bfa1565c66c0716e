import assert from 'node:assert';
import { after, before, test } from 'node:test';
import { createApp } from '../app.js';

const server = createApp();
let base;

before(async () => {
  await new Promise((resolve) => server.listen(0, resolve));
  base = `http://localhost:${server.address().port}`;
});

after(() => {
  server.close();
  server.closeAllConnections();
});

const shorten = (url) =>
  fetch(`${base}/links`, { method: 'POST', body: new URLSearchParams({ url }) });

test('the page has a form', async () => {
  const response = await fetch(base);
  assert.strictEqual(response.status, 200);
  assert.match(await response.text(), /<form/);
});

test('a short link leads to the long one', async () => {
  const response = await shorten('https://example.com/a/long/path');
  assert.strictEqual(response.status, 201);
  const path = (await response.text()).trim();
  const followed = await fetch(base + path, { redirect: 'manual' });
  assert.strictEqual(followed.status, 302);
  assert.strictEqual(followed.headers.get('location'), 'https://example.com/a/long/path');
});

test('what is no link is refused', async () => {
  assert.strictEqual((await shorten('javascript:alert(1)')).status, 400);
});

test('an unknown link is not found', async () => {
  assert.strictEqual((await fetch(`${base}/nothing`)).status, 404);
});
