import type { Span } from '../diagnostics/index.ts';
import type { WorkflowFile } from './file.ts';
import { meant } from './meant.ts';

/** Whether two names are one to GitHub, which tells contexts' names apart without regard to case. */
export const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** Names for a note. */
export const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ') || 'none';

/** A property that an expression asks for. */
interface Property {
  /** Null where only evaluation can tell. */
  name: string | null | undefined;
  at: Span;
  /** What is asked, in words. */
  of: string;
  known: string[];
}

/** Warns of a property that nothing of its kind has. */
export function checkProperty(file: WorkflowFile, { name, at, of, known }: Property): void {
  if (name === null || name === undefined || known.some((candidate) => same(candidate, name))) return;
  const help = meant(name, known) ?? (known.includes('outputs') ? `write outputs.${name}` : undefined);
  file.report('warning', 'unknown-property', `${of} has no property "${name}", so this is always empty`, at, {
    notes: [`properties: ${known.join(', ')}`],
    help,
  });
}
