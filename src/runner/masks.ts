/** Shortest derived form that is masked; shorter ones would blot out innocent text. */
const shortestDerived = 4;

/** What stands in the place of a secret. */
const blot = '***';

/**
 * Replaces secrets in text: each value, each of its lines, and the encodings in which it commonly travels.
 *
 * @see https://github.com/actions/runner src/Runner.Common/HostContext.cs (value encoders)
 */
export class Masks {
  readonly #values = new Set<string>();
  readonly #forms = new Set<string>();
  #pattern: RegExp | null = null;
  #longest = 0;

  add(value: string): void {
    if (value.trim() === '' || this.#values.has(value)) return;
    this.#values.add(value);
    this.#forms.add(value);
    for (const line of value.split(/\r\n|\r|\n/)) this.#addForms(line.trim());
    this.#addForms(value);
    this.#pattern = null;
  }

  #addForms(value: string): void {
    for (const form of [value, ...encodings(value)]) {
      if (form.length >= shortestDerived) this.#forms.add(form);
    }
  }

  /** The values as added, to be kept for a resumed job. */
  values(): string[] {
    return [...this.#values];
  }

  apply(text: string): string {
    const pattern = this.#compiled();
    return pattern ? text.replace(pattern, blot) : text;
  }

  /** The last place at or before `at` where text may be cut without cutting a secret in two. */
  safeCut(text: string, at: number): number {
    const pattern = this.#compiled();
    if (!pattern) return at;
    const from = Math.max(0, at - this.#longest);
    for (const match of text.slice(from, at + this.#longest).matchAll(pattern)) {
      const start = from + match.index;
      if (start < at && start + match[0].length > at) return start;
    }
    return at;
  }

  #compiled(): RegExp | null {
    if (this.#pattern || this.#forms.size === 0) return this.#pattern;
    const longestFirst = [...this.#forms].sort((a, b) => b.length - a.length);
    this.#longest = longestFirst[0]?.length ?? 0;
    this.#pattern = new RegExp(longestFirst.map((form) => RegExp.escape(form)).join('|'), 'g');
    return this.#pattern;
  }
}

function encodings(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const xml = value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');
  return [
    ...base64Forms(value),
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(value),
    encodeURI(value),
    new URLSearchParams({ v: value }).toString().slice(2),
    xml,
    value.replaceAll("'", String.raw`'\''`),
    value.replaceAll("'", "''"),
    value.replaceAll('"', String.raw`\"`),
    value.replace(/^"(.+)"$/s, '$1').replace(/^'(.+)'$/s, '$1'),
  ];
}

/** Base64 of the value wherever it starts within a longer text: three shifts, of which only whole groups are certain. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const shifted = [0, 1, 2].map((shift) => {
    const rest = bytes.subarray(shift);
    return rest.subarray(0, rest.length - (rest.length % 3)).toString('base64');
  });
  const certain = shifted.filter((form) => form.length >= 8);
  return [...certain, ...certain.map(urlSafe), bytes.toString('base64'), bytes.toString('base64url')];
}

function urlSafe(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}
