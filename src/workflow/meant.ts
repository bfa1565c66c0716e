import { didYouMean } from '../diagnostics/index.ts';

/** The known name most like a mistyped one, as a question; undefined when none is near. */
export function meant(name: string, known: readonly string[]): string | undefined {
  const near = didYouMean(name, known);
  return near === undefined ? undefined : `did you mean "${near}"?`;
}
