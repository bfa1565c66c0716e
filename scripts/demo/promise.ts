/** A promise of the demo, and whether it was kept. */
export interface Promised {
  text: string;
  kept: boolean;
  /** What speaks against it. */
  because: string[];
}

/** A promise with what speaks against it. */
export function promise(text: string, because: string[]): Promised {
  return { text, because, kept: because.length === 0 };
}
