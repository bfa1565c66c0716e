import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { cliDocs } from '../src/cli/index.ts';

/*
 * Writes docs/cli.md from the definitions of the commands: `node scripts/write-cli-docs.ts`.
 * With `--check` it writes nothing and fails when the page is stale.
 */
const file = new URL('../docs/cli.md', import.meta.url);
const options = await resolveConfig(file);
const text = await format(cliDocs(), { ...options, parser: 'markdown' });

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  console.error('docs/cli.md is stale: node scripts/write-cli-docs.ts');
  process.exitCode = 1;
}
