import type { Trouble } from './judge-ramp.ts';
import type { FlagSnapshot } from './snapshot.ts';
import { sharesOf } from './words.ts';

/** What somebody had of a flag that is ramped, and how large its share was; null where no lot was drawn. */
export function shareOf(
  snapshot: FlagSnapshot,
  { flag, variant, targetingKey }: { flag: string; variant: string; targetingKey: string },
): Pick<Trouble, 'percent' | 'had'> | null {
  const { flags } = snapshot.document;
  const shares = sharesOf((Object.hasOwn(flags, flag) && flags[flag]?.targeting) || {});
  if (!shares) return null;
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  const weight = shares.find((share) => share.variant === variant)?.weight ?? 0;
  const outcome = snapshot.resolve(flag, { targetingKey });
  if (outcome.kind !== 'value' || total <= 0) return null;
  return { percent: (100 * weight) / total, had: outcome.variant === variant ? 'variant' : 'rest' };
}
