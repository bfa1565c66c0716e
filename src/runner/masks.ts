import { maskForms } from './mask-forms.ts';

/** What stands in the place of a secret. */
const blot = '***';

/** Seven bits for each of three characters, so that no two ASCII starts fall together. */
const startMask = (1 << 21) - 1;

/** A secret that was found: from, and up to but not with. */
interface Found {
  start: number;
  end: number;
}

/**
 * Replaces secrets in text, in every form of theirs. What overlaps or touches becomes one blot, so that no end of a
 * longer secret shows behind a shorter one.
 *
 * One pass over the text asks a table at each place whether any form starts with the three characters there, so that
 * the number of secrets costs next to nothing.
 */
export class Masks {
  readonly #values = new Set<string>();
  readonly #forms = new Set<string>();
  /** Forms by their first three characters. */
  readonly #byStart = new Map<number, string[]>();
  #starts: Uint8Array | null = null;
  /** Forms of one or two characters. */
  readonly #tiny: string[] = [];
  #longest = 0;

  /** Repeating it changes nothing. */
  add(value: string): void {
    if (this.#values.has(value) || value.trim() === '') return;
    this.#values.add(value);
    for (const form of maskForms(value)) this.#addForm(form);
  }

  #addForm(form: string): void {
    if (this.#forms.has(form)) return;
    this.#forms.add(form);
    this.#longest = Math.max(this.#longest, form.length);
    if (form.length < 3) {
      this.#tiny.push(form);
      return;
    }
    const start = startOf(form);
    this.#starts ??= new Uint8Array(startMask + 1);
    this.#starts[start] = 1;
    const same = this.#byStart.get(start);
    if (same) same.push(form);
    else this.#byStart.set(start, [form]);
  }

  /** The values as added, to be kept for a resumed job. */
  values(): string[] {
    return [...this.#values];
  }

  apply(text: string): string {
    const found = this.#find(text, 0, text.length);
    if (found.length === 0) return text;
    let masked = '';
    let end = 0;
    let open = false;
    for (const range of found) {
      if (!open || range.start > end) masked += text.slice(end, range.start) + blot;
      open = true;
      end = Math.max(end, range.end);
    }
    return masked + text.slice(end);
  }

  /** The last place at or before `at` where text may be cut without cutting a secret in two. */
  safeCut(text: string, at: number): number {
    let cut = at;
    const found = this.#find(text, Math.max(0, at - this.#longest), at);
    for (const { start, end } of found.reverse()) {
      if (start < cut && end > cut) cut = start;
    }
    return cut;
  }

  /** The longest form at each place from `from` up to `to`, in order. */
  #find(text: string, from: number, to: number): Found[] {
    const found: Found[] = [];
    if (this.#starts) this.#findLong(text, from, to, found);
    if (this.#tiny.length === 0) return found;
    for (const form of this.#tiny) {
      for (let at = text.indexOf(form, from); at !== -1 && at < to; at = text.indexOf(form, at + 1)) {
        found.push({ start: at, end: at + form.length });
      }
    }
    return found.sort((a, b) => a.start - b.start || a.end - b.end);
  }

  #findLong(text: string, from: number, to: number, found: Found[]): void {
    const starts = this.#starts as Uint8Array;
    const last = Math.min(to + 2, text.length);
    let start = 0;
    for (let at = from; at < last; at++) {
      start = ((start << 7) ^ text.charCodeAt(at)) & startMask;
      if (starts[start] === 1 && at >= from + 2) {
        const end = this.#longestAt(text, at - 2, start);
        if (end !== -1) found.push({ start: at - 2, end });
      }
    }
  }

  #longestAt(text: string, at: number, start: number): number {
    let end = -1;
    for (const form of this.#byStart.get(start) ?? []) {
      if (at + form.length > end && text.startsWith(form, at)) end = at + form.length;
    }
    return end;
  }
}

/** The same as rolling over a longer text, which shifts older characters out. */
function startOf(form: string): number {
  let start = 0;
  for (let at = 0; at < 3; at++) start = ((start << 7) ^ form.charCodeAt(at)) & startMask;
  return start;
}
