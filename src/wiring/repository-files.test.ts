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
    { fallbackName: 'shop', defaultBranch: 'main' },
  );
}

const scan = 'jobs: { scan: { runs-on: ubuntu-latest, steps: [{ uses: github/codeql-action/init@v3 }] } }\n';

const codes = (findings: { severity: string; code: string }[]) =>
  findings.map(({ severity, code }) => `${severity} ${code}`);

test('what cannot be done here is no mistake of the file: it matters to runs that may come to it', async () => {
  const { workflows, findings } = await read({
    '.github/workflows/nightly.yml': `on: { schedule: [{ cron: 0 3 * * 1 }] }\n${scan}`,
  });
  expect(workflows.map(({ file }) => file)).toEqual([
    '.github/workflows/ci.yml',
    '.github/workflows/nightly.yml',
  ]);
  expect(findings).toEqual([]);
});

test('a workflow that GitHub would refuse is an error whatever starts it', async () => {
  const { findings } = await read({ '.github/workflows/broken.yml': 'on: schedule\njobs: {}\n' });
  expect(codes(findings)).toEqual(['error workflow/missing-key']);
});
