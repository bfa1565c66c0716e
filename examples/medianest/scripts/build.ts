/*
 * Makes dist/, which runs with Node alone: no npm install, no compiler.
 *
 *   dist/backend/src          the server, the worker and the migrations' runner
 *   dist/backend/migrations   SQL
 *   dist/web/dist             what browsers get
 *   dist/node_modules         the shared package, and the few packages needed at run time
 */
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const dist = path.join(root, 'dist');

/** Drops the types and leaves the rest as it is, so that lines in a stack trace stay right. */
function compile(from: string, to: string): void {
  for (const file of globSync('**/*.ts', { cwd: path.join(root, from) })) {
    const source = readFileSync(path.join(root, from, file), 'utf8');
    const script = stripTypeScriptTypes(source).replaceAll(
      /(\bfrom |\bimport\()'(\.[^']*)\.ts'/g,
      "$1'$2.js'",
    );
    const target = path.join(dist, to, file.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, script);
  }
}

function copy(from: string, to: string): void {
  cpSync(path.join(root, from), path.join(dist, to), { recursive: true });
}

interface Manifest {
  dependencies?: Record<string, string>;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
}

/** Copies what a package needs at run time, and what that needs in turn. */
function vendor(manifest: Manifest): void {
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    const folder = `node_modules/${name}`;
    if (name.startsWith('@medianest/') || existsSync(path.join(dist, folder))) continue;
    copy(folder, folder);
    vendor(readManifest(folder));
  }
}

rmSync(dist, { recursive: true, force: true });
compile('packages/backend/src', 'backend/src');
copy('packages/backend/migrations', 'backend/migrations');
compile('packages/shared/src', 'node_modules/@medianest/shared');
compile('packages/shared/src', 'web/dist/shared');
compile('packages/web/src', 'web/dist');
for (const file of ['index.html', 'styles.css', 'icon.svg']) {
  copy(`packages/web/${file}`, `web/dist/${file}`);
}
vendor(readManifest('packages/backend'));

const shared = { name: '@medianest/shared', type: 'module', exports: './index.js' };
writeFileSync(
  path.join(dist, 'node_modules/@medianest/shared/package.json'),
  JSON.stringify(shared),
);
writeFileSync(path.join(dist, 'package.json'), JSON.stringify({ type: 'module' }));
console.log(`built ${globSync('**/*.*', { cwd: dist }).length} files into dist/`);
