import type { Finding } from '../diagnostics/index.ts';

/** Mistakes of the user's files or wishes, all at once, with the texts that they point into. Nothing has started. */
export class LocalMistakes extends Error {
  readonly findings: Finding[];
  readonly sources: Record<string, string>;

  constructor(findings: Finding[], sources: Record<string, string> = {}) {
    super(findings.map(({ message }) => message).join('; '));
    this.findings = findings;
    this.sources = sources;
  }
}
