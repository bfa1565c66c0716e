import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// Appends to one file when it starts and ends: the order of the lines shows who ran beside whom.
const { version, behaves } = JSON.parse(process.env.RIG_VERSION ?? readFileSync('version.json', 'utf8'));
const log = join(process.env.STATE_DIRECTORY, 'workers.log');
const say = (what) => appendFileSync(log, `${what} ${process.env.SLIPWAY_REVISION ?? version}\n`);

process.on('SIGTERM', () => setTimeout(() => (say('end'), process.exit(0)), 200));
say('start');
setInterval(() => {}, 1_000);
if (behaves === 'worker-crashes') setTimeout(() => (say('end'), process.exit(1)), 300);
