import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobWith, Rig } from './rig.ts';

let rig: Rig;
beforeAll(() => {
  rig = new Rig();
});
afterAll(() => rig[Symbol.dispose]());

const outcomes = (report: { steps: { outcome: unknown; conclusion: unknown }[] }) =>
  report.steps.map(({ outcome, conclusion }) => [outcome, conclusion]);

describe('environment', () => {
  test('is built from nothing: only documented variables and what the machine hands over', async () => {
    const job = rig.job(jobWith('- run: env | sort | cut -d= -f1'), {
      machineEnv: { PATH: '/usr/bin:/bin', HTTPS_PROXY: 'p' },
    });
    await job.work();
    const names = await job.output();
    const other = names.filter((name) => !/^(GITHUB|RUNNER)_/.test(name));
    expect(other).toEqual([
      'AGENT_TOOLSDIRECTORY',
      'CI',
      'HOME',
      'HTTPS_PROXY',
      'LANG',
      'LEVEL',
      'PATH',
      'PWD',
      'SHLVL',
      '_',
    ]);
    expect(names).toEqual(
      expect.arrayContaining(['GITHUB_SHA', 'GITHUB_REF_NAME', 'GITHUB_WORKSPACE', 'RUNNER_TEMP']),
    );
  });

  test('a step wins over GITHUB_ENV, which wins over the job, which wins over the workflow', async () => {
    const job = rig.job(
      jobWith(
        `
- run: echo "$LEVEL"
- run: |
    echo "LEVEL=file" >> "$GITHUB_ENV"
    echo "GITHUB_SHA=mine" >> "$GITHUB_ENV"
- run: echo "$LEVEL \${{ env.LEVEL }}"
- run: echo "$LEVEL"
  env: { LEVEL: step }
- run: test "$GITHUB_SHA" = "\${{ github.sha }}"`,
        'env: { LEVEL: job }',
      ),
    );
    const report = await job.work();
    expect(await job.output()).toEqual(['job', 'file file', 'step']);
    expect(report.result).toBe('success');
  });

  test('directories written to GITHUB_PATH come first, the latest before all', async () => {
    const job = rig.job(
      jobWith(`
- run: |
    mkdir one two
    printf '#!/bin/sh\\necho one' > one/tool; printf '#!/bin/sh\\necho two' > two/tool; chmod +x */tool
    echo "$PWD/one" >> "$GITHUB_PATH"; echo "$PWD/two" >> "$GITHUB_PATH"
- run: tool`),
    );
    await job.work();
    expect(await job.output()).toEqual(['two']);
  });

  test('the spec, which holds secrets, is for its owner alone', () => {
    const job = rig.job(jobWith('- run: "true"'));
    expect(statSync(join(job.directory, 'spec.json')).mode & 0o777).toBe(0o600);
  });
});

describe('outputs', () => {
  test('of steps reach later steps and the job, and those with a secret do not leave it', async () => {
    const job = rig.job(
      jobWith(
        `
- id: one
  run: |
    echo "plain=a b" >> "$GITHUB_OUTPUT"
    printf 'long<<X\\n1\\n2\\nX\\n' >> "$GITHUB_OUTPUT"
    echo "secret=\${{ secrets.TOKEN }}" >> "$GITHUB_OUTPUT"
- run: echo "\${{ steps.one.outputs.plain }} \${{ steps.one.conclusion }}"`,
        `
outputs:
  plain: \${{ steps.one.outputs.plain }}
  long: \${{ steps.one.outputs.long }}
  secret: \${{ steps.one.outputs.secret }}`,
      ),
      { secrets: { TOKEN: 'hush-hush' } },
    );
    const report = await job.work();
    expect(report.outputs).toEqual({ plain: 'a b', long: '1\n2' });
    expect(await job.output()).toEqual(['a b success']);
  });

  test('a malformed file fails the step, and says why', async () => {
    const job = rig.job(jobWith('- run: echo "no equals sign" >> "$GITHUB_OUTPUT"'));
    const report = await job.work();
    expect(report.steps[0]?.error?.message).toBe(
      "Unable to process file command 'GITHUB_OUTPUT': Invalid format 'no equals sign'",
    );
    expect(report.result).toBe('failure');
  });

  test('summaries are gathered in order, masked', async () => {
    const job = rig.job(
      jobWith(`
- run: echo "# one" >> "$GITHUB_STEP_SUMMARY"
- run: echo "two \${{ secrets.TOKEN }}" >> "$GITHUB_STEP_SUMMARY"`),
      { secrets: { TOKEN: 'hush-hush' } },
    );
    const report = await job.work();
    expect(readFileSync(report.summaryFile, 'utf8')).toBe('# one\ntwo ***\n');
  });
});

describe('masks', () => {
  test('no file of the job but its spec ever holds a secret', async () => {
    const secrets = { TOKEN: 'tok "en" & more', KEY: 'first line\nsecond line' };
    const job = rig.job(
      jobWith(`
- run: |
    printf '%s\\n' "$TOKEN" "$KEY"
    printf '%s' "$TOKEN" | base64
    printf 'user:%s' "$TOKEN" | base64
    echo "::add-mask::found-at-run-time"
    echo "it was found-at-run-time"
    echo "::error::with $TOKEN"
    exit 3
  env: { TOKEN: "\${{ secrets.TOKEN }}", KEY: "\${{ secrets.KEY }}" }
- run: echo "later found-at-run-time"
  if: always()`),
      { secrets },
    );
    const report = await job.work();
    const text = readFileSync(join(job.directory, 'log.ndjson'), 'utf8') + JSON.stringify(report);
    for (const leaked of [
      'tok ',
      'tok \\"',
      'first line',
      'second line',
      'it was found-at',
      'later found-at',
    ]) {
      expect(text).not.toContain(leaked);
    }
    expect(text).not.toContain(Buffer.from(secrets.TOKEN).toString('base64'));
    expect(report.steps[0]?.error?.lastLines).toContain('error: with ***');
  });

  test('nothing is obeyed between stop-commands and its token', async () => {
    const job = rig.job(
      jobWith(`
- run: |
    echo "::stop-commands::tok"
    echo "::add-mask::visible"
    echo "::tok::"
    echo "::group::Title"
    echo visible`),
    );
    await job.work();
    expect(await job.output()).toEqual(['::add-mask::visible', 'visible']);
    expect((await job.log()).filter(({ stream }) => stream === 'command').map(({ text }) => text)).toEqual([
      '::group::Title',
    ]);
  });

  test('annotations are kept with their place', async () => {
    const job = rig.job(jobWith('- run: echo "::warning file=a.ts,line=7,title=Careful::old api"'));
    const { annotations } = await job.work();
    expect(annotations).toEqual([
      { level: 'warning', message: 'old api', step: 0, file: 'a.ts', line: 7, title: 'Careful' },
    ]);
  });
});

describe('failure', () => {
  test('says its last lines and its place in the file', async () => {
    const job = rig.job(
      jobWith('- run: |\n    seq 100\n    exit 7\n- run: echo never\n- run: echo cleanup\n  if: failure()'),
    );
    const report = await job.work();
    expect(report.result).toBe('failure');
    expect(report.steps[0]?.error).toMatchObject({
      message: 'Process completed with exit code 7.',
      at: { file: '.github/workflows/ci.yml', start: { line: 9 } },
    });
    expect(report.steps[0]?.error?.lastLines).toEqual(
      Array.from({ length: 20 }, (_, index) => String(81 + index)),
    );
    expect(outcomes(report)).toEqual([
      ['failure', 'failure'],
      ['skipped', 'skipped'],
      ['success', 'success'],
    ]);
    expect(await job.output()).not.toContain('never');
  });

  test('with continue-on-error the outcome is failure, the conclusion and the job are success', async () => {
    const job = rig.job(
      jobWith(`
- id: shaky
  run: exit 1
  continue-on-error: true
- run: echo "\${{ steps.shaky.outcome }} \${{ steps.shaky.conclusion }} \${{ job.status }}"`),
    );
    const report = await job.work();
    expect(outcomes(report)[0]).toEqual(['failure', 'success']);
    expect(await job.output()).toEqual(['failure success success']);
    expect(report.result).toBe('success');
  });

  test.each([
    ['bash stops at a failing pipe', 'bash', 'false | true\necho on', []],
    ['without a shell named, a failing pipe is not seen', '', 'false | true\necho on', ['on']],
    ['sh stops at a failing command', 'sh', 'false\necho on', []],
  ])('%s', async (_name, shell, script, expected) => {
    const settings = shell ? `\n  shell: ${shell}` : '';
    const job = rig.job(jobWith(`- run: |\n    ${script.replaceAll('\n', '\n    ')}${settings}`));
    await job.work();
    expect(await job.output()).toEqual(expected);
  });

  test('a working directory that is not there is named', async () => {
    const job = rig.job(jobWith('- run: pwd\n  working-directory: nowhere'));
    const report = await job.work();
    expect(report.steps[0]?.error?.message).toBe('The working directory "nowhere" does not exist.');
  });

  test('an expression that cannot be evaluated fails its step alone', async () => {
    const job = rig.job(jobWith('- run: echo "${{ fromJSON(env.LEVEL) }}"\n- run: echo on\n  if: always()'));
    const report = await job.work();
    expect(outcomes(report)).toEqual([
      ['failure', 'failure'],
      ['success', 'success'],
    ]);
  });

  test('defaults of the job say shell and directory', async () => {
    const job = rig.job(
      jobWith(
        '- run: mkdir sub\n  working-directory: .\n- run: basename "$PWD"',
        'defaults: { run: { shell: bash, working-directory: sub } }',
      ),
    );
    await job.work();
    expect(await job.output()).toEqual(['sub']);
  });
});

describe('output', () => {
  test('of ten megabytes without a line end, and of bytes that are no text, is taken', async () => {
    const job = rig.job(
      jobWith(`
- run: head -c 10000000 /dev/zero | tr '\\0' 'a'
- run: printf '\\377\\000\\376\\nend'`),
    );
    const report = await job.work();
    const lines = await job.output();
    expect(report.result).toBe('success');
    expect(lines.reduce((sum, line) => sum + (/^a+$/.test(line) ? line.length : 0), 0)).toBe(10_000_000);
    expect(lines.slice(-2)).toEqual(['\ufffd\0\ufffd', 'end']);
  });

  test('hundred thousand lines arrive in order', async () => {
    const job = rig.job(jobWith('- run: seq 100000'));
    await job.work();
    const lines = await job.output();
    expect(lines.length).toBe(100_000);
    expect(lines.every((line, index) => line === String(index + 1))).toBe(true);
  });
});
