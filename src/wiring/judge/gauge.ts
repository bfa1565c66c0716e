import type { MeasuredRevision } from '../../delivery/index.ts';

/**
 * A number, or why there is none: in words that say what to do. Never a number that nobody has measured. `machine`: the one
 * of several that it was measured on.
 */
export type Measured = { value: number; machine?: string } | { trouble: string };

/** Reads one metric of one rollout. What is counted from reading to reading is kept in it. */
export interface Gauge {
  /** A reading that takes longer is given up. */
  timeoutMs: number;
  /** False where every revision gets the same number, as the source does not say of which it is asked. */
  tellsApart: boolean;
  /** Null when it has only begun to count. Where it throws, that is the trouble. */
  read(revision: MeasuredRevision, signal: AbortSignal): Promise<Measured | null>;
}

/** Within this a source must have answered. */
export const usualTimeoutMs = 10_000;

/** What a text of a metric is about. */
export interface Subject {
  app: string;
  environment: string;
  revision: string;
}

const name = /\$(revision|app|environment)\b/g;

/** Whether a text says of which revision it asks. */
export function namesRevision(text: string): boolean {
  return text.match(name)?.some((one) => one === '$revision') ?? false;
}

/** A text with the names that it asks for. They are letters, digits, `_`, `.` and `-`, so no quotes are needed around them. */
export function filled(text: string, subject: Subject): string {
  return text.replaceAll(name, (_, key: keyof Subject) => {
    const value = subject[key];
    if (!/^[\w.-]+$/.test(value)) throw new Error(`"${value}" cannot stand for $${key}`);
    return value;
  });
}

/** A text as a number; null for all that is none, and for NaN and infinity. */
export function numberOf(text: string): number | null {
  const value = text.trim() === '' ? NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

const mostLetters = 300;

/** What a source has said, as much as the evidence holds: it is kept in the audit, and told in one line. */
export function shortened(text: string): string {
  return text.length > mostLetters ? `${text.slice(0, mostLetters)}…` : text;
}
