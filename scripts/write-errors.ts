import { writeFileSync } from 'node:fs';
import { errorDocs, mistakeDocs } from './error-docs.ts';

/* Writes docs/errors.md and docs/mistakes.md: `node scripts/write-errors.ts`. A test says when they are stale. */
writeFileSync(new URL('../docs/errors.md', import.meta.url), await errorDocs());
writeFileSync(new URL('../docs/mistakes.md', import.meta.url), await mistakeDocs());
