import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobWith, Rig, type RigJob } from './rig.ts';

let rig: Rig;
beforeAll(() => {
  rig = new Rig();
});
afterAll(() => rig[Symbol.dispose]());

/** The commands that people see in the log. */
const shown = async (job: RigJob) =>
  (await job.log()).filter(({ stream }) => stream === 'command').map(({ text }) => text);

describe('workflow commands', () => {
  test('echo shows the commands that follow, and debug lines show when they are asked for', async () => {
    const steps = jobWith(`
- run: |
    echo "::debug::quiet detail"
    echo "::save-state name=a::1"
    echo "::echo::on"
    echo "::save-state name=a::2"
    echo "::add-mask::hidden-word"
    echo "::echo::off"
    echo "::save-state name=a::3"
- run: echo "[$RUNNER_DEBUG]"`);
    const job = rig.job(steps);
    await job.work();
    expect(await shown(job)).toEqual(['::save-state name=a::2', '::add-mask::***', '::echo::off']);
    expect(await job.output()).toEqual(['[]']);
    const debugged = rig.job(steps, { secrets: { ACTIONS_STEP_DEBUG: 'true' } });
    await debugged.work();
    expect(await shown(debugged)).toEqual([
      '::debug::quiet detail',
      '::save-state name=a::1',
      '::echo::on',
      '::save-state name=a::2',
      '::add-mask::***',
      '::echo::off',
    ]);
    expect(await debugged.output()).toEqual(['[1]']);
  });

  test('that cannot be obeyed fail their step, each with its reason', async () => {
    const job = rig.job(
      jobWith(`
- run: |
    echo "::echo::maybe"
    echo "::set-output::x"
    echo "::set-env name=A::1"
    echo "::stop-commands::group"
    echo "::add-matcher::nowhere.json"`),
    );
    const report = await job.work();
    expect(report.result).toBe('failure');
    const [echo, output, env, stop, matcher] = (report.steps[0]?.error?.message ?? '').split('\n');
    expect(echo).toBe("The command 'echo' failed: 'maybe' is neither 'on' nor 'off'");
    expect(output).toBe("The command 'set-output' failed: it needs a 'name'");
    expect(env).toContain('it is switched off. Write to $GITHUB_ENV instead');
    expect(stop).toContain("'group' cannot be the token");
    expect(matcher).toContain("The command 'add-matcher' failed: nowhere.json: ENOENT");
  });

  test('that are unsafe work where the workflow allows them', async () => {
    const job = rig.job(
      jobWith(
        `
- run: |
    mkdir tools; printf '#!/bin/sh\\necho tool' > tools/tool; chmod +x tools/tool
    echo "::set-env name=COLOR::green"
    echo "::add-path::$PWD/tools"
- run: echo "$COLOR \${{ env.COLOR }}"; tool`,
        'env: { ACTIONS_ALLOW_UNSECURE_COMMANDS: true }',
      ),
    );
    await job.work();
    expect(await job.output()).toEqual(['green green', 'tool']);
  });

  test('an empty mask is told, and hides nothing', async () => {
    const job = rig.job(jobWith('- run: |\n    echo "::add-mask::"\n    echo "a b"'));
    const report = await job.work();
    expect(report.annotations).toEqual([
      { level: 'warning', message: 'An empty value cannot be masked.', step: 0 },
    ]);
    expect(await job.output()).toEqual(['a b']);
  });

  test('the token resumes commands in either form, and what stood between was output', async () => {
    const job = rig.job(
      jobWith(`
- run: |
    echo "::stop-commands::Pause"
    echo "::error::not one"
    echo "##[pause]"
    echo "##[group]shown"`),
    );
    const report = await job.work();
    expect(report.annotations).toEqual([]);
    expect(await job.output()).toEqual(['::error::not one']);
    expect(await shown(job)).toEqual(['::group::shown']);
  });
});

describe('problem matchers', () => {
  const matcher = JSON.stringify({
    problemMatcher: [
      {
        owner: 'lint',
        pattern: [
          { regexp: '^(\\S+\\.ts)$', file: 1 },
          {
            regexp: '^  (\\d+):(\\d+) (error|warning) (.*)$',
            line: 1,
            column: 2,
            severity: 3,
            message: 4,
            loop: true,
          },
        ],
      },
    ],
  });

  test('make annotations of what later steps print too, until they are removed', async () => {
    const job = rig.job(
      jobWith(
        `
- run: |
    mkdir src; touch src/a.ts; echo "$MATCHER" > m.json
    echo "::add-matcher::m.json"
- run: |
    printf "$PWD/src/a.ts\\n  3:4 error bad $WORD\\n  5:6 warning meh\\n/etc/other.ts\\n  7:8 error elsewhere\\n"
- run: |
    echo "::remove-matcher owner=lint::"
    printf 'src/a.ts\\n  9:9 error no more\\n'`,
        `env: { MATCHER: '${matcher}', WORD: "\${{ secrets.WORD }}" }`,
      ),
      { secrets: { WORD: 'hush-hush' } },
    );
    const report = await job.work();
    expect(report.annotations).toEqual([
      { level: 'error', message: 'bad ***', step: 1, file: 'src/a.ts', line: 3, column: 4 },
      { level: 'warning', message: 'meh', step: 1, file: 'src/a.ts', line: 5, column: 6 },
      { level: 'error', message: 'elsewhere', step: 1, line: 7, column: 8 },
    ]);
    expect(await job.output()).toContain('  3:4 error bad ***');
  });
});

describe('shells', () => {
  test.each([
    ['bash -x {0}', 'echo "$0" | grep -c "\\.sh$"', '1'],
    ['node {0}', 'console.log(1 + 1)', '2'],
    ['perl {0}', 'print "perl\\n"', 'perl'],
    ['sh', 'echo plain', 'plain'],
  ])('%s', async (shell, script, expected) => {
    const job = rig.job(jobWith(`- shell: ${shell}\n  run: |\n    ${script}`));
    const report = await job.work();
    expect(report.steps[0]?.error).toBeUndefined();
    expect(await job.output()).toContain(expected);
  });

  // Debian knows it by the name python3 alone.
  const python = ['python', 'python3'].flatMap(programPath)[0];
  test.skipIf(python === undefined)('python (missing? apt-get install python3)', async () => {
    const bin = join(rig.root, 'bin');
    mkdirSync(bin);
    symlinkSync(python ?? '', join(bin, 'python'));
    const job = rig.job(
      jobWith(`- shell: python\n  run: |\n    import sys; print(sys.argv[0].endswith(".py"))`),
      { machineEnv: { PATH: `${bin}:${process.env['PATH'] ?? ''}` } },
    );
    const report = await job.work();
    expect(report.steps[0]?.error).toBeUndefined();
    expect(await job.output()).toEqual(['True']);
  });

  test('one that is not here fails its step and says what is', async () => {
    const job = rig.job(jobWith('- shell: pwsh\n  run: x'), { machineEnv: { PATH: '/usr/bin:/bin' } });
    const report = await job.work();
    expect(report.steps[0]?.error).toMatchObject({
      message: expect.stringContaining(
        'the shell "pwsh" is not on the job\'s PATH\n= on this machine: bash, sh',
      ),
      at: { file: '.github/workflows/ci.yml', start: { line: 9 } },
    });
  });

  test('of a script whose exit code says more than no', async () => {
    const job = rig.job(jobWith('- run: exit 137'));
    expect((await job.work()).steps[0]?.error?.message).toBe('Process completed with exit code 137.');
  });
});

/** Where the program itself lies; a link to a manager of versions would not know by which name it was called. */
function programPath(name: string): string[] {
  try {
    const print = 'import sys; print(sys.executable)';
    return [execFileSync(name, ['-c', print], { encoding: 'utf8' }).trim()];
  } catch {
    return [];
  }
}
