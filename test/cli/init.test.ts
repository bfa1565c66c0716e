import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { RunRig } from './run-rig.ts';

function slipway(
  { repository, root }: RunRig,
  ...words: string[]
): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [resolve('bin/slipway.js'), ...words], {
    cwd: repository,
    env: { PATH: process.env['PATH'] ?? '', HOME: root },
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

test('what init writes passes lint, and runs', async () => {
  using rig = new RunRig({});
  rig.write({
    'package.json': JSON.stringify({
      name: 'shop',
      engines: { node: `>=${process.versions.node}` },
      scripts: {
        lint: 'node -e "console.log(\'linted\')"',
        test: 'node -e "console.log(\'tested\')"',
        start: 'node .',
      },
    }),
    '.nvmrc': `${process.versions.node}\n`,
  });
  rig.commit('A package');
  const init = slipway(rig, 'init', '--yes');
  expect(init).toMatchObject({ code: 0, err: '' });
  expect(init.out).toContain('+++ .github/workflows/ci.yml');
  expect(init.out).toContain('+++ Procfile');
  const lint = slipway(rig, 'lint');
  expect(lint).toMatchObject({ code: 0, err: '' });
  expect(lint.out).not.toMatch(/error|warning/);
  const run = await rig.run();
  expect(run.err + run.out).toContain('tested');
  expect(run.code).toBe(0);
  expect(slipway(rig, 'init', '--yes').out).toBe('nothing is missing\n');
});
