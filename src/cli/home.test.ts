import { expect, test } from 'vitest';
import { defaultHome } from './home.ts';

test('SLIPWAY_HOME wins, then root, then the state directory of the user', () => {
  expect(defaultHome({ SLIPWAY_HOME: '/srv/s', HOME: '/root' }, 0)).toBe('/srv/s');
  expect(defaultHome({ HOME: '/root', XDG_STATE_HOME: '/x' }, 0)).toBe('/var/lib/slipway');
  expect(defaultHome({ HOME: '/home/ana', XDG_STATE_HOME: '/x' }, 1000)).toBe('/x/slipway');
  expect(defaultHome({ HOME: '/home/ana' }, 1000)).toBe('/home/ana/.local/state/slipway');
});

test('empty and relative values count as not set', () => {
  expect(defaultHome({ SLIPWAY_HOME: '', XDG_STATE_HOME: 'state', HOME: '/home/ana' }, 1000)).toBe(
    '/home/ana/.local/state/slipway',
  );
});
