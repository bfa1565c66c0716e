import type { Step } from '../delivery/index.ts';

/** `new-cart is on, theme is dark`. */
export function flagsText({ flags = {} }: Pick<Step, 'flags'> = {}): string {
  return Object.entries(flags)
    .map(([flag, variant]) => `${flag} is ${variant}`)
    .join(', ');
}
