import type { RouteRevision } from '../../delivery/index.ts';

/**
 * A lot as configurations and logs have it: `r7=90,r8=10`, shares in percent in the order of the routes. Empty when there
 * is nothing to draw: fewer than two revisions have a share.
 */
export function lotText(revisions: readonly RouteRevision[]): string {
  const weighted = revisions.filter(({ weightPercent }) => weightPercent > 0);
  return weighted.length < 2
    ? ''
    : weighted.map(({ id, weightPercent }) => `${id}=${weightPercent}`).join(',');
}

/** The shares of a lot by revision; null for a text that is none. */
export function parseLot(text: string): Record<string, number> | null {
  const shares = text.split(',').map((part) => /^([^=,]+)=(\d+(?:\.\d+)?)$/.exec(part));
  const entries = shares.map((match): [string, number] => [match?.[1] ?? '', Number(match?.[2])]);
  return shares.includes(null) || entries.length < 2 ? null : Object.fromEntries(entries);
}
