import type { Dice } from '../chaos/dice.ts';
import type { Behaviour } from './repository.ts';

/** What people do in one turn. */
export type Turn =
  | { do: 'ship'; by: 'rolling' | 'blue-green' | 'canary'; behaves: Behaviour }
  /** In the middle of a canary. */
  | { do: 'abort' }
  | { do: 'go back' };

const deck: Turn[] = [
  ...(['rolling', 'blue-green', 'canary'] as const).flatMap((by) =>
    Array.from({ length: 3 }, (): Turn => ({ do: 'ship', by, behaves: 'good' })),
  ),
  { do: 'ship', by: 'canary', behaves: 'good' },
  { do: 'ship', by: 'rolling', behaves: 'never-ready' },
  { do: 'ship', by: 'canary', behaves: 'never-ready' },
  { do: 'ship', by: 'blue-green', behaves: 'crashes' },
  { do: 'ship', by: 'rolling', behaves: 'migration-fails' },
  { do: 'ship', by: 'rolling', behaves: 'sick-with-users' },
  { do: 'ship', by: 'blue-green', behaves: 'sick-with-users' },
  { do: 'ship', by: 'canary', behaves: 'fails-users' },
  { do: 'ship', by: 'canary', behaves: 'fails-users' },
  { do: 'abort' },
  { do: 'go back' },
];

/** So many turns: the whole deck in another order, again and again. */
export function deal(turns: number, dice: Dice): Turn[] {
  const dealt: Turn[] = [];
  while (dealt.length < turns) {
    const rest = [...deck];
    while (rest.length > 0) dealt.push(...rest.splice(dice.below(rest.length), 1));
  }
  return dealt.slice(0, turns);
}

/** How many turns one deck has. */
export const deckSize = deck.length;
