import { expect, test } from 'vitest';
import { eventNames } from './events.ts';

test.each([
  ['on: push', ['push']],
  ['on: [push, schedule]', ['push', 'schedule']],
  ["on:\n  schedule:\n    - cron: '0 3 * * 1'\n  workflow_dispatch:", ['schedule', 'workflow_dispatch']],
])('the events of %j are read whatever else the file says', (on, names) => {
  expect(eventNames(`${on}\njobs: { a: { runs-on: windows-latest, container: x } }`)).toEqual(names);
});

test.each(['', 'jobs: {}', 'on: 7', 'on: [push, 7]', 'on: pusch', 'on: { pusch: }', 'on: [', '- push'])(
  'the events of %j cannot be told',
  (text) => {
    expect(eventNames(text)).toBeNull();
  },
);
