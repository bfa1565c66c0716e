import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { readCases } from '../test/conformance/language/case.ts';
import { compatibilityPage } from '../test/conformance/language/compatibility.ts';
import { inventory } from '../test/conformance/language/inventory.ts';

/* Writes docs/compatibility.md from the conformance cases: node scripts/write-compatibility.ts */
const page = compatibilityPage(inventory(), readCases());
writeFileSync(
  join(import.meta.dirname, '../docs/compatibility.md'),
  await format(page, { parser: 'markdown', printWidth: 110 }),
);
