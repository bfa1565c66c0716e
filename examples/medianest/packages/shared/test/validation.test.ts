import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { validateNewMedia } from '@medianest/shared';

describe('validateNewMedia', () => {
  it('accepts the least an item needs and fills in the rest', () => {
    assert.deepEqual(validateNewMedia({ title: ' Stalker ', kind: 'film' }), {
      ok: true,
      value: { title: 'Stalker', kind: 'film', creator: '', year: null, tags: [] },
    });
  });

  it('makes tags lower case and drops repeated ones', () => {
    const result = validateNewMedia({
      title: 'Kid A',
      kind: 'album',
      tags: ['Rock', 'rock ', 'UK'],
    });
    assert.ok(result.ok);
    assert.deepEqual(result.value.tags, ['rock', 'uk']);
  });

  it('reports every wrong field at once', () => {
    const result = validateNewMedia({
      title: '  ',
      kind: 'game',
      creator: 'x'.repeat(201),
      year: 12.5,
      tags: [''],
    });
    assert.ok(!result.ok);
    assert.deepEqual(
      result.errors.map((error) => error.field),
      ['title', 'kind', 'creator', 'year', 'tags[0]'],
    );
  });

  it('refuses what is no object, no text and no list', () => {
    for (const input of [null, [], 'film', 7]) assert.ok(!validateNewMedia(input).ok);
    const result = validateNewMedia({ title: 5, kind: 'book', tags: 'a,b' });
    assert.ok(!result.ok);
    assert.deepEqual(result.errors, [
      { field: 'title', message: 'must be text' },
      { field: 'tags', message: 'must be a list' },
    ]);
  });

  it('refuses more than ten tags', () => {
    const tags = Array.from({ length: 11 }, (_, index) => `tag${index}`);
    assert.ok(!validateNewMedia({ title: 'T', kind: 'book', tags }).ok);
  });
});
