import { expect, test } from 'vitest';
import type { WorkTree } from '../source/index.ts';
import { localEvent, repositoryName } from './local-event.ts';

const tree: WorkTree = {
  root: '/home/ana/My Shop',
  gitDirectory: '/home/ana/My Shop/.git',
  head: {
    sha: 'a'.repeat(40),
    message: 'Sell\n\nmore',
    author: 'Ana',
    authorEmail: 'ana@example.com',
    committedAtMs: 0,
    parents: [],
  },
  ref: 'refs/heads/topic',
  upstream: null,
  defaultBranch: 'main',
  userName: 'Ana',
  originUrl: null,
  changed: [],
};
const facts = { tree, actor: 'ana', repository: 'acme/shop', base: 'main' };

test.each([
  ['git@github.com:acme/shop.git', 'acme/shop'],
  ['https://github.com/acme/shop', 'acme/shop'],
  ['ssh://git@host:22/acme/shop.git/', 'acme/shop'],
  ['../shop.git', 'local/My-Shop'],
  [null, 'local/My-Shop'],
])('the repository of %s is %s', (originUrl, name) => {
  expect(repositoryName({ ...tree, originUrl })).toBe(name);
});

test.each([
  ['push', {}, 'refs/heads/topic'],
  ['push', { ref: 'refs/tags/v1' }, 'refs/tags/v1'],
  ['pull_request', {}, 'refs/pull/1/merge'],
  ['pull_request', { number: 7 }, 'refs/pull/7/merge'],
  ['pull_request_target', {}, 'refs/heads/main'],
  ['create', { ref: 'v2', ref_type: 'tag' }, 'refs/tags/v2'],
  ['release', { release: { tag_name: 'v3' } }, 'refs/tags/v3'],
  ['schedule', {}, 'refs/heads/topic'],
])('%s with %j is about %s', (name, payload, ref) => {
  expect(localEvent(facts, { name, payload }).ref).toBe(ref);
});

test('a file of the user wins member by member, and lists are taken whole', () => {
  const { payload } = localEvent(facts, {
    name: 'pull_request',
    type: 'opened',
    payload: { pull_request: { title: 'Mine', labels: [{ name: 'x' }] } },
  });
  expect(payload).toMatchObject({
    action: 'opened',
    pull_request: { title: 'Mine', labels: [{ name: 'x' }], head: { ref: 'topic' }, base: { ref: 'main' } },
  });
});

test('the first push of a repository comes from nowhere', () => {
  expect(localEvent(facts, { name: 'push', payload: {} })).toMatchObject({
    message: 'Sell',
    payload: { before: '0'.repeat(40), created: true, head_commit: { author: { name: 'Ana' } } },
  });
});
