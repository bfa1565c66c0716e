/*
 * Looks for secrets in every file of the repository: `node scripts/scan-secrets.ts [folder]`.
 * Prints file:line for each and exits with 1 when there is one; never prints the secret itself.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { findSecrets } from './secret-rules.ts';

const skipped = new Set(['.git', 'node_modules', 'dist', 'coverage', 'data', 'package-lock.json']);
const largestFileBytes = 1024 * 1024;

function* filesIn(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (skipped.has(entry.name)) continue;
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(file);
    else if (entry.isFile() && statSync(file).size <= largestFileBytes) yield file;
  }
}

const folder = process.argv[2] ?? '.';
let scanned = 0;
let found = 0;
for (const file of filesIn(folder)) {
  scanned += 1;
  for (const { line, rule } of findSecrets(readFileSync(file, 'utf8'))) {
    found += 1;
    console.error(`${path.relative(folder, file)}:${line}: ${rule}`);
  }
}
if (scanned === 0) throw new Error(`no files in ${folder}`);
console.log(`${scanned} files scanned, ${found} secrets found`);
if (found > 0) {
  console.error(
    'Take the secret out, and revoke it: it is in the history of everybody who has this.',
  );
  process.exitCode = 1;
}
