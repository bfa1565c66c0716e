import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { glossary } from './glossary.ts';

/*
 * Writes docs/glossary.md out of the doc comments on the types: `node scripts/write-glossary.ts`.
 * With `--check` it writes nothing and fails when the page is stale.
 */
const file = new URL('../docs/glossary.md', import.meta.url);
const text = await format(glossary(), { ...(await resolveConfig(file)), parser: 'markdown' });

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  console.error('docs/glossary.md is stale: node scripts/write-glossary.ts');
  process.exitCode = 1;
}
