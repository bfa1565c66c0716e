import type { Finding, Span } from '../diagnostics/index.ts';

interface Extra {
  notes?: string[];
  help: string;
  /** What is said only once, wherever it stands. */
  once?: string;
}

/** Collects what is wrong or worth knowing; the same thing at the same place (an anchor read twice) is said once. */
export class Findings {
  readonly #all = new Map<string, Finding>();

  /** Stops the project from being used. */
  error(code: string, message: string, at: Span, extra: Extra): undefined {
    this.#add('error', code, message, at, extra);
  }

  warning(code: string, message: string, at: Span, extra: Extra): undefined {
    this.#add('warning', code, message, at, extra);
  }

  note(code: string, message: string, at: Span, extra: Extra): undefined {
    this.#add('note', code, message, at, extra);
  }

  #add(severity: Finding['severity'], code: string, message: string, at: Span, extra: Extra): void {
    const key = extra.once ?? `${at.file}:${at.start.line}:${at.start.column} ${code} ${message}`;
    if (this.#all.has(key)) return;
    this.#all.set(key, { code, severity, message, at, notes: extra.notes ?? [], help: extra.help });
  }

  get failed(): boolean {
    return this.list().some(({ severity }) => severity === 'error');
  }

  /** By file as they were first read, then by line and column. */
  list(): Finding[] {
    const files = [...new Set([...this.#all.values()].map(({ at }) => at?.file ?? ''))];
    const place = ({ at }: Finding) => [
      files.indexOf(at?.file ?? ''),
      at?.start.line ?? 0,
      at?.start.column ?? 0,
    ];
    return [...this.#all.values()].sort((one, other) => {
      const [a, b] = [place(one), place(other)];
      const differs = a.findIndex((number, index) => number !== b[index]);
      return differs === -1 ? 0 : (a[differs] ?? 0) - (b[differs] ?? 0);
    });
  }
}
