/** The logarithm of a weighted sum, from the logarithms of its parts. @param parts - Weight above 0, and a logarithm. */
export function logOfSum(parts: readonly (readonly [weight: number, logarithm: number])[]): number {
  const terms = parts.map(([weight, logarithm]) => Math.log(weight) + logarithm);
  const largest = Math.max(...terms);
  if (largest === -Infinity) return -Infinity;
  return largest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - largest), 0));
}

/** The logarithm of the plain mean. */
export function logOfMean(logarithms: readonly number[]): number {
  if (logarithms.length === 0) return 0;
  return logOfSum(logarithms.map((one) => [1 / logarithms.length, one]));
}
