import { expect, test } from 'vitest';
import { emptyEnvironment } from './environment.ts';
import { leave } from './succeed.ts';
import { aRequest } from './testing/builders.ts';

/** What is remembered after versions have left, oldest first: `r3=c`, or `r3=c*` with another configuration. */
function remembered(...left: string[]): string[] {
  const state = emptyEnvironment('app/production');
  for (const text of left) {
    const [id = '', digest = ''] = text.split('=');
    const { revision } = aRequest(1, 'good');
    const release = { ...revision.release, digest: digest.replace(/\W.*/, '') };
    leave(
      state,
      { ...revision, id, release, configuration: { ...revision.configuration, fingerprint: digest } },
      0,
    );
  }
  return state.past.map(({ id }) => id);
}

test('five releases are remembered, the newest first', () => {
  expect(remembered('r1=a', 'r2=b', 'r3=c', 'r4=d', 'r5=e', 'r6=f')).toEqual(['r6', 'r5', 'r4', 'r3', 'r2']);
});

test('repairs of one push no other out, and neither do new configurations of it', () => {
  expect(remembered('r1=a', 'r2=b', 'r3=b', 'r4=b', 'r5=b', 'r6=b', 'r7=b')).toEqual(['r7', 'r1']);
  const configured = [1, 2, 3, 4, 5, 6].map((at) => `r${at + 1}=b-${at}`);
  expect(remembered('r1=a', ...configured)).toEqual(['r7', 'r6', 'r5', 'r4', 'r3', 'r1']);
});

test('what comes back and leaves again is there once', () => {
  expect(remembered('r1=a', 'r2=b', 'r1=a', 'r4=b')).toEqual(['r4', 'r1']);
});
