import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobWith, Rig, type SpecChanges } from './rig.ts';

let rig: Rig;
beforeAll(() => {
  rig = new Rig();
  rig.commitFiles({ 'src/a.txt': 'old\n', 'docs/b.txt': 'b\n' }, 'old');
  rig.git('tag', 'v1');
  rig.git('tag', '--annotate', '--message=two', 'v2');
  rig.git('branch', 'topic');
  rig.commitFiles({ 'src/a.txt': 'new\n' }, 'new');
});
afterAll(() => rig[Symbol.dispose]());

/** What the steps printed, or why the first that failed did. */
async function run(steps: string, changes: SpecChanges = {}): Promise<string[]> {
  const job = rig.job(jobWith(steps), changes);
  const { result, steps: reports, reason } = await job.work();
  if (result === 'success') return job.output();
  return [reports.find(({ error }) => error)?.error?.message ?? reason ?? 'no reason'];
}

describe('actions/checkout', () => {
  const checkout = (inputs: string) => `
- uses: actions/checkout@v4
  with: { ${inputs} }
- run: cat src/a.txt; git rev-parse --abbrev-ref HEAD`;

  test.each([
    ['a branch', 'ref: topic', ['old', 'topic']],
    ['a full ref', 'ref: refs/heads/topic', ['old', 'topic']],
    ['a tag', 'ref: v1', ['old', 'HEAD']],
    ['an annotated tag', 'ref: v2', ['old', 'HEAD']],
    ['its own ref', 'ref: refs/heads/main', ['new', 'main']],
    ['an empty ref', "ref: ''", ['new', 'main']],
    ['its own repository by name', 'repository: LOCAL/shop', ['new', 'main']],
  ])('takes %s', async (_, inputs, expected) => {
    expect(await run(checkout(inputs))).toEqual(expected);
  });

  test('takes a commit', async () => {
    const old = rig.git('rev-parse', 'topic');
    expect(await run(checkout(`ref: ${old}`))).toEqual(['old', 'HEAD']);
  });

  test('refuses what is not here, and says so', async () => {
    expect((await run(checkout('ref: nowhere')))[0]).toContain(
      'the repository has no branch, tag or commit "nowhere"',
    );
    expect((await run(checkout('ref: --help')))[0]).toContain('no branch, tag or commit "--help"');
    expect((await run(checkout('repository: other/one')))[0]).toContain(
      'the repository "other/one" is not on this machine',
    );
  });

  test.each([1, 2, 0])('works in a shallow clone, with a depth of %i', async (depth) => {
    const clone = join(rig.root, `shallow-${depth}`);
    execFileSync('git', ['clone', '--quiet', '--depth=1', `file://${rig.repository}`, clone]);
    const steps = `
- uses: actions/checkout@v4
  with: { fetch-depth: ${depth} }
- run: cat src/a.txt; git log --oneline | wc -l`;
    const job = rig.job(jobWith(steps), {
      source: { gitDirectory: join(clone, '.git'), commit: rig.commit, ref: 'refs/heads/main' },
    });
    expect((await job.work()).result).toBe('success');
    expect(await job.output()).toEqual(['new', '1']);
  });

  test('brings the tags without the history', async () => {
    const steps = `
- uses: actions/checkout@v4
  with: { fetch-tags: true }
- run: git tag; git log --oneline | wc -l`;
    expect(await run(steps)).toEqual(['v1', 'v2', '1']);
  });

  test('places parts of the tree, and all of it again later', async () => {
    const steps = `
- uses: actions/checkout@v4
  with: { sparse-checkout: docs }
- run: ls
- uses: actions/checkout@v4
  with: { sparse-checkout: 'src/*.txt', sparse-checkout-cone-mode: false }
- run: find . -name '*.txt'
- uses: actions/checkout@v4
- run: ls`;
    const files = ['README.md', 'docs', 'package-lock.json'];
    expect(await run(steps)).toEqual([...files, './src/a.txt', ...files, 'src']);
  });

  test('brings submodules of this machine, and refuses others', async () => {
    const library = join(rig.root, 'library');
    mkdirSync(library);
    const git = (cwd: string, ...args: string[]) =>
      execFileSync(
        'git',
        ['-c', 'user.name=A', '-c', 'user.email=a@example.com', '-c', 'protocol.file.allow=always', ...args],
        { cwd },
      );
    git(library, 'init', '--quiet');
    writeFileSync(join(library, 'lib.txt'), 'library\n');
    git(library, 'add', '.');
    git(library, 'commit', '--quiet', '-m', 'library');
    git(rig.repository, 'submodule', '--quiet', 'add', library, 'lib');
    rig.commitFiles({ 'x.txt': 'x' }, 'with a submodule');
    const steps = `
- uses: actions/checkout@v4
  with: { submodules: true }
- run: cat lib/lib.txt`;
    expect(await run(steps)).toEqual(['library']);
    rig.git('config', '--file', '.gitmodules', 'submodule.lib.url', 'https://example.invalid/lib.git');
    rig.commitFiles({}, 'elsewhere');
    expect((await run(steps))[0]).toContain(
      'the submodule "lib" is not on this machine: https://example.invalid/lib.git',
    );
  });
});

describe('caches', () => {
  const save = `
- run: mkdir kept; echo one > kept/a; ln -s a kept/link; mkdir ~/.tool; echo two > ~/.tool/b
- uses: actions/cache/save@v4
  with:
    key: tool-1
    path: |
      kept
      ~/.tool`;
  const restore = (inputs: string) => `
- id: cache
  uses: actions/cache/restore@v4
  with:
    path: |
      kept
      ~/.tool
    ${inputs}
- run: echo '\${{ steps.cache.outputs.cache-hit }}' '\${{ steps.cache.outputs.cache-matched-key }}'; cat kept/a; readlink kept/link; cat ~/.tool/b`;

  test('are saved and restored at their places, links as links', async () => {
    expect(await run(save)).toEqual([]);
    expect(await run(restore('key: tool-1'))).toEqual(['true tool-1', 'one', 'a', 'two']);
    const byPrefix = restore('key: tool-2\n    restore-keys: |\n      tool-');
    expect(await run(byPrefix)).toEqual(['false tool-1', 'one', 'a', 'two']);
  });

  test('are looked up without being restored, and may be required', async () => {
    const lookup = restore('key: tool-1\n    lookup-only: true').replace(/cat kept.*$/, 'ls');
    expect(await run(lookup)).toEqual(['true tool-1']);
    expect((await run(restore('key: none\n    fail-on-cache-miss: true')))[0]).toBe(
      'there is no cache for the key "none"',
    );
    expect((await run(restore('key: a,b')))[0]).toContain('the key "a,b" cannot be used');
  });
});

describe('artifacts', () => {
  test('are downloaded by their ids', async () => {
    const steps = `
- run: echo a > a.txt; echo b > b.txt
- { id: a, uses: actions/upload-artifact@v4, with: { name: a, path: a.txt, retention-days: 3 } }
- { id: b, uses: actions/upload-artifact@v4, with: { name: b, path: b.txt } }
- uses: actions/download-artifact@v5
  with: { artifact-ids: '\${{ steps.a.outputs.artifact-id }}', path: one }
- uses: actions/download-artifact@v5
  with: { artifact-ids: '\${{ steps.a.outputs.artifact-id }}, \${{ steps.b.outputs.artifact-id }}', path: two }
- run: find one two -type f | sort`;
    expect(await run(steps, { run: 'ids' })).toEqual(['one/a.txt', 'two/a/a.txt', 'two/b/b.txt']);
  });

  test('cannot be kept for a time that is none', async () => {
    const steps =
      '- run: echo a > a.txt\n- { uses: actions/upload-artifact@v4, with: { path: a.txt, retention-days: soon } }';
    expect((await run(steps))[0]).toContain('retention-days "soon" is no number of days');
  });
});

describe('setup actions', () => {
  test('setup-node takes what is on PATH where no version is asked for, and points npm to a registry', async () => {
    const steps = `
- id: node
  uses: actions/setup-node@v4
  with: { registry-url: 'https://packages.example.com/npm', scope: shop }
- run: |
    test "$(node --version)" = '\${{ steps.node.outputs.node-version }}'
    cat "$NPM_CONFIG_USERCONFIG"; echo "$NODE_AUTH_TOKEN"`;
    expect(await run(steps)).toEqual([
      '//packages.example.com/npm/:_authToken=${NODE_AUTH_TOKEN}',
      '@shop:registry=https://packages.example.com/npm/',
      'XXXXX-XXXXX-XXXXX-XXXXX',
    ]);
  });

  test('setup-python uses a Python of this machine, and names those that are here when none fits', async () => {
    const steps = (version: string) => `
- id: python
  uses: actions/setup-python@v5
  with: { python-version: '${version}' }
- run: test "$(python --version)" = 'Python \${{ steps.python.outputs.python-version }}' && echo same`;
    const here = (await run(steps('4.x')))[0] ?? '';
    expect(here).toContain('Python 4.x is not installed on this machine');
    if (!here.includes('here: none')) expect(await run(steps('3.x'))).toEqual(['same']);
    expect((await run(steps('newest')))[0]).toContain('"newest" is no version of Python');
  });
});
