import type { RouteRevision } from '../../delivery/index.ts';

const digits = '0123456789abcdef';
/** Four hexadecimal digits: a share is within 0.002 points of its weight. */
const span = 0x1_0000;

/** Who wins the lot of a new session: the first whose pattern a random id matches; the last one takes what is left. */
export function lots(revisions: readonly RouteRevision[]): { id: string; pattern: string }[] {
  const weighted = revisions.filter(({ weightPercent }) => weightPercent > 0);
  let percent = 0;
  return weighted.map(({ id, weightPercent }, index) => {
    percent += weightPercent;
    return { id, pattern: index === weighted.length - 1 ? '' : below(Math.round((span * percent) / 100)) };
  });
}

/** What four hexadecimal digits below a bound look like; the bound itself is at most `ffff`. */
export function below(bound: number): string {
  const hex = bound.toString(16).padStart(4, '0');
  const smaller = hex.split('').flatMap((digit, index) => {
    const last = digits.indexOf(digit) - 1;
    return last < 0 ? [] : [`${hex.slice(0, index)}[${digits.slice(0, last + 1)}]`];
  });
  return `^(?:${smaller.join('|')})`;
}
