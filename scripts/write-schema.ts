import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { slipwaySchema } from '../src/app/index.ts';

// Writes docs/slipway.schema.json out of the table that Slipway itself reads slipway.yml with; prettier formats it.
const file = join(import.meta.dirname, '../docs/slipway.schema.json');
writeFileSync(file, `${JSON.stringify(slipwaySchema, null, 2)}\n`);
