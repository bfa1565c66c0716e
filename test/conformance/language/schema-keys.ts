import { readFileSync } from 'node:fs';

interface Definition {
  mapping?: {
    properties?: Record<string, string | { type: string }>;
    'loose-value-type'?: string;
  };
  'one-of'?: string[];
  sequence?: { 'item-type': string };
}

/** Deep enough for every key; the language nests only where a group of steps holds steps. */
const deepest = 9;

/**
 * Every key that a file may hold, as paths: `jobs.<>.steps[].run`. `<>` stands for a name that the author chooses, `[]` for
 * the items of a list.
 *
 * @param schemaFile - Of the official parser, which publishes GitHub's own schema.
 */
export function schemaKeys(schemaFile: string, root: string): string[] {
  const schema = JSON.parse(readFileSync(schemaFile, 'utf8')) as { definitions: Record<string, Definition> };
  const keys = new Set<string>();
  const seen = new Set<string>();
  const walk = (name: string, path: string, depth: number): void => {
    const definition = schema.definitions[name];
    if (!definition || depth > deepest || seen.has(`${name} ${path}`)) return;
    seen.add(`${name} ${path}`);
    for (const [key, value] of Object.entries(definition.mapping?.properties ?? {})) {
      const inner = path === '' ? key : `${path}.${key}`;
      keys.add(inner);
      walk(typeof value === 'string' ? value : value.type, inner, depth + 1);
    }
    const loose = definition.mapping?.['loose-value-type'];
    if (loose !== undefined) walk(loose, `${path}.<>`, depth + 1);
    for (const option of definition['one-of'] ?? []) walk(option, path, depth + 1);
    if (definition.sequence) walk(definition.sequence['item-type'], `${path}[]`, depth + 1);
  };
  walk(root, '', 0);
  // A group of parallel steps holds steps like any other; its keys are the same once more.
  return [...keys].filter((key) => !key.includes('.parallel[].'));
}
