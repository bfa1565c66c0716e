import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// The release command: keeps a list of what has run, so that a second run of the same would show.
const { version, behaves } = JSON.parse(process.env.RIG_VERSION ?? readFileSync('version.json', 'utf8'));
appendFileSync(join(process.env.STATE_DIRECTORY, 'migrations.log'), `${version}\n`);
if (behaves === 'migration-fails') throw new Error('this migration fails');
