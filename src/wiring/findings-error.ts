import type { Finding } from '../diagnostics/index.ts';

/** Mistakes of the user's files, all at once, with the texts that they point into. */
export class FindingsError extends Error {
  readonly findings: Finding[];
  readonly sources: Record<string, string>;

  constructor(findings: Finding[], sources: Record<string, string> = {}) {
    super(findings[0]?.message ?? 'something is wrong with the files of the commit');
    this.findings = findings;
    this.sources = sources;
  }
}
