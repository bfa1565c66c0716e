import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { rolldown, type Plugin } from 'rolldown';

/*
 * Bundles the command into dist/, which loads in half the time that its sources take: `node scripts/build.ts`.
 * See docs/decisions/0012-a-bundle-that-starts-fast.md.
 */
const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const unfinished = join(root, 'dist.new');
/** The rest of node_modules is loaded from there when it is first needed. */
const bundledPackages = ['commander', 'yaml'];

/** Each file goes on to know where its source lies: whatever is started as a process of its own is started from there. */
const keepPlaces: Plugin = {
  name: 'keep-places',
  transform(code, id) {
    if (!code.includes('import.meta.url')) return null;
    const path = JSON.stringify(relative(dist, id));
    return code.replaceAll(
      'import.meta.url',
      `require('node:url').pathToFileURL(require('node:path').join(__dirname, ${path})).href`,
    );
  },
};

const startedAt = new Date();
const bundle = await rolldown({
  input: { main: join(root, 'src/cli/main.ts') },
  platform: 'node',
  plugins: [keepPlaces],
  external: (id) => /^[^./]/.test(id) && !bundledPackages.includes(id.split('/')[0] ?? ''),
});
rmSync(unfinished, { recursive: true, force: true });
const { output } = await bundle.write({
  dir: unfinished,
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name]-[hash].cjs',
});
const inputs = output
  .flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
  .map((id) => relative(root, id))
  .filter((path) => path.startsWith('src/'));
const list = join(unfinished, 'inputs');
writeFileSync(list, inputs.join('\n'));
// When the sources were read: one that is saved meanwhile is newer.
utimesSync(list, startedAt, startedAt);
rmSync(dist, { recursive: true, force: true });
renameSync(unfinished, dist);
