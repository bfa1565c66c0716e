import type { Finding } from '../../src/diagnostics/index.ts';

/**
 * Seed and runs of every fuzz test. The seed is fixed, so that a failure comes again on every machine; CI asks for more
 * runs with SLIPWAY_FUZZ_RUNS, and SLIPWAY_FUZZ_SEED looks elsewhere.
 */
export function settings(runs: number): { seed: number; numRuns: number } {
  const asked = Number(process.env.SLIPWAY_FUZZ_RUNS ?? 0);
  return { seed: Number(process.env.SLIPWAY_FUZZ_SEED ?? 20_261_122), numRuns: Math.max(runs, asked) };
}

/** What is wrong with findings about a text: a code that is none, no words, or a place outside the text. */
export function flawsOf(findings: readonly Finding[], text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/);
  return findings.flatMap(({ code, message, at }) => {
    const flaws: string[] = [];
    if (!/^[a-z]+\/[a-z0-9-]+$/.test(code)) flaws.push(`code ${code}`);
    if (message.trim() === '') flaws.push(`${code} says nothing`);
    for (const { line, column } of at ? [at.start, at.end] : []) {
      const width = lines[line - 1]?.length;
      const inside = width !== undefined && column >= 1 && column <= width + 2;
      if (!inside) flaws.push(`${code} stands at ${line}:${column}, outside the text`);
    }
    if (
      at &&
      (at.end.line < at.start.line || (at.end.line === at.start.line && at.end.column < at.start.column))
    )
      flaws.push(`${code} ends before it starts`);
    return flaws;
  });
}
