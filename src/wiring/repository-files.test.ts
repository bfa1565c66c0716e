import { expect, test } from 'vitest';
import { readDefinition } from './repository-files.ts';

const files: Record<string, string> = {
  Procfile: 'web: node server.js\n',
  '.github/workflows/ci.yml':
    'on: push\njobs: { test: { runs-on: ubuntu-latest, steps: [{ run: npm test }] } }\n',
};

function read(more: Record<string, string>) {
  const all = { ...files, ...more };
  return readDefinition(
    {
      read: (path) => Promise.resolve(all[path] ?? null),
      list: (prefix) => Promise.resolve(Object.keys(all).filter((path) => path.startsWith(prefix))),
    },
    { fallbackName: 'shop', defaultBranch: 'main', event: 'push' },
  );
}

const scan = 'jobs: { scan: { runs-on: ubuntu-latest, steps: [{ uses: github/codeql-action/init@v3 }] } }\n';

test('a workflow that the push does not start is left out with a warning', async () => {
  const { workflows, findings } = await read({
    '.github/workflows/nightly.yml': `on: { schedule: [{ cron: 0 3 * * 1 }] }\n${scan}`,
  });
  expect(workflows.map(({ file }) => file)).toEqual(['.github/workflows/ci.yml']);
  expect(findings.map(({ severity, notes }) => [severity, notes.at(-1)])).toEqual([
    ['warning', 'this workflow is not started by a push (on: schedule), so it is left out'],
    ['warning', 'this workflow is not started by a push (on: schedule), so it is left out'],
  ]);
});

test('a workflow that the push starts and that cannot be honoured is an error', async () => {
  const { findings } = await read({ '.github/workflows/scan.yml': `on: [push, schedule]\n${scan}` });
  expect(findings.map(({ severity }) => severity)).toContain('error');
});

test('a workflow whose events cannot be told is an error', async () => {
  const { findings } = await read({ '.github/workflows/broken.yml': 'on: [\n' });
  expect(findings.map(({ severity }) => severity)).toContain('error');
});
