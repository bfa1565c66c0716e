/** Numbers that look random and come again with the same seed. */
export interface Dice {
  /** From 0 to below `end`. */
  below(end: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

/** @see https://en.wikipedia.org/wiki/Linear_congruential_generator, parameters of Numerical Recipes */
export function diceOf(seed: number): Dice {
  let value = seed >>> 0;
  const next = () => {
    value = (value * 1_664_525 + 1_013_904_223) >>> 0;
    return value / 2 ** 32;
  };
  return {
    below: (end) => Math.floor(next() * end),
    chance: (probability) => next() < probability,
    pick: (choices) => choices[Math.floor(next() * choices.length)] as (typeof choices)[number],
  };
}
