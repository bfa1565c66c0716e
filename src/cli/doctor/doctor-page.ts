import { unreachable } from '../../diagnostics/index.ts';
import { harmless, pad, paint, type Look } from '../render/text.ts';
import type { Check } from './check.ts';

/** One line a check, and below those that need mending, how. */
export function doctorPage(checks: readonly Check[], look: Look): string[] {
  const widest = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, state, says, next }) => [
    `${sign(state, look)} ${pad(name, widest)}  ${harmless(says)}`,
    ...(next === null ? [] : [`  ${pad('', widest)}  ${paint(look, 'cyan', `→ ${next}`)}`]),
  ]);
  return [...lines, '', summary(checks)];
}

function sign(state: Check['state'], look: Look): string {
  switch (state) {
    case 'ok':
      return paint(look, 'green', '✓');
    case 'warning':
      return paint(look, 'yellow', '!');
    case 'problem':
      return paint(look, 'red', '✗');
    default:
      return unreachable(state);
  }
}

function summary(checks: readonly Check[]): string {
  const parts = (['problem', 'warning'] as const).flatMap((state) => {
    const count = checks.filter((check) => check.state === state).length;
    return count === 0 ? [] : [`${count} ${state}${count === 1 ? '' : 's'}`];
  });
  return parts.length === 0 ? 'all is well' : parts.join(', ');
}
