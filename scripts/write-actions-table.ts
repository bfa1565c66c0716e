import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { withActionsTable } from './actions-table.ts';

/** Writes the table of built-in actions into docs/jobs.md: `node scripts/write-actions-table.ts`. */
const file = new URL('../docs/jobs.md', import.meta.url);
const text = withActionsTable(readFileSync(file, 'utf8'));
writeFileSync(file, await format(text, { ...(await resolveConfig(file)), parser: 'markdown' }));
