/** A number from 0 on and below 1, another one at each call. */
export type Random = () => number;

/**
 * Numbers that look like chance and are the same for the same seed.
 *
 * @see sfc32 of PractRand by Chris Doty-Humphrey: 128 bits of state, of which a counter sees to the period
 */
export function seededRandom(seed: number): Random {
  let [a, b, c, counter] = [0, seed | 0, Math.floor(seed / 2 ** 32) | 0, 1];
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // Seeds that lie near each other need some rounds to part.
  for (let round = 0; round < 15; round++) next();
  return next;
}

/** How often something happened that happens `mean` times on average, each time by itself. */
export function poisson(random: Random, mean: number): number {
  return mean < 10 ? fewOf(random, mean) : manyOf(random, mean);
}

/** Goes through the probabilities from 0 on. */
function fewOf(random: Random, mean: number): number {
  let probability = Math.exp(-mean);
  let left = random() - probability;
  let count = 0;
  while (left >= 0 && count < 200) {
    count++;
    probability *= mean / count;
    left -= probability;
  }
  return count;
}

/** @see Hörmann, "The transformed rejection method for generating Poisson random variables", 1993, algorithm PTRS */
function manyOf(random: Random, mean: number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.024_83 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = random() - 0.5;
    const v = random();
    const edge = 0.5 - Math.abs(u);
    const count = Math.floor(((2 * a) / edge + b) * u + mean + 0.43);
    if (edge >= 0.07 && v <= squeeze) return count;
    if (count < 0 || (edge < 0.013 && v > edge)) continue;
    const accepted = Math.log((v * inverseAlpha) / (a / edge ** 2 + b));
    if (accepted <= count * Math.log(mean) - mean - logFactorial(count)) return count;
  }
}

/** Stirling's series; exact to nine digits from 10 on, and no smaller ones matter here. */
function logFactorial(count: number): number {
  if (count < 2) return 0;
  const x = count + 1;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3);
}

/** How many of `tries` came true, of those cases in which at least one did. @param chance - Of each, 0-1. */
export function atLeastOneOf(random: Random, tries: number, chance: number): number {
  if (chance >= 1) return tries;
  const odds = chance / (1 - chance);
  const none = (1 - chance) ** tries;
  let probability = none;
  let left = random() * (1 - none);
  for (let count = 1; count < tries; count++) {
    probability *= (odds * (tries - count + 1)) / count;
    left -= probability;
    if (left < 0) return count;
  }
  return tries;
}
