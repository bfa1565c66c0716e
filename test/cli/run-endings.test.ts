import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { printed, RunRig, type Ended } from './run-rig.ts';

/** What goes on when the signal comes. */
interface Phase {
  steps: string;
  files?: Record<string, string>;
  /** A program that takes its time when its words hold these, and touches `reached` before. */
  slow?: { program: string; real: string | null; words: string };
  words?: string[];
  /** Whether jobs have begun, so that their `always()` steps run. */
  isPlanning?: boolean;
}

const javascript = (main: string, rest = '') =>
  `name: x\ndescription: x\nruns: { using: ${main === 'none.js' ? 'node20' : 'node24'}, main: ${main}${rest} }\n`;

const phases: Record<string, Phase> = {
  'while planning': {
    steps: '- run: echo never',
    slow: { program: 'git', real: '/usr/bin/git', words: 'status --porcelain' },
    isPlanning: true,
  },
  'while checking out': {
    steps: '- uses: actions/checkout@v4',
    slow: { program: 'git', real: '/usr/bin/git', words: 'checkout --quiet' },
  },
  'in a running step': { steps: '- run: echo begun; sleep 60' },
  "in a step of a composite action's": {
    steps: '- uses: actions/checkout@v4\n- uses: ./composite',
    files: {
      'composite/action.yml':
        'name: x\ndescription: x\nruns:\n  using: composite\n  steps:\n    - { run: echo begun; sleep 60, shell: bash }\n',
    },
  },
  'in a JavaScript action': {
    steps: '- uses: actions/checkout@v4\n- uses: ./js',
    files: {
      'js/action.yml': javascript('m.js'),
      'js/m.js': 'console.log("begun"); setTimeout(() => {}, 60000);',
    },
  },
  'in a background step': { steps: '- run: echo begun; sleep 60\n  background: true\n- wait-all: true' },
  'while a post step runs': {
    steps: '- uses: actions/checkout@v4\n- uses: ./post',
    files: {
      'post/action.yml': javascript('m.js', ', post: p.js'),
      'post/m.js': '',
      'post/p.js':
        'console.log("begun"); setInterval(() => { if (require("fs").existsSync("<signalled>")) process.exit() }, 20);',
    },
  },
  'while Node.js is installed for an action': {
    steps: '- uses: actions/checkout@v4\n- uses: ./old',
    files: { 'old/action.yml': javascript('none.js'), 'old/none.js': '' },
    slow: { program: 'npm', real: null, words: '' },
  },
  'while files are watched': { steps: '- run: echo begun; sleep 60', words: ['--watch'] },
};

/** Ways to end the command; a terminal tells the whole group. */
const ways: Record<string, (child: ChildProcess) => Promise<void> | void> = {
  'Ctrl-C': (child) => group(child, 'SIGINT'),
  'SIGINT to it alone': (child) => void child.kill('SIGINT'),
  SIGTERM: (child) => void child.kill('SIGTERM'),
  'Ctrl-C twice': async (child) => {
    group(child, 'SIGINT');
    await delay(100);
    group(child, 'SIGINT');
  },
};

function group({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(pid ?? 0), signal);
  } catch {
    // All of it has ended.
  }
}

function workflow(steps: string): string {
  const lines = `${steps}\n- if: always()\n  run: echo cleaned up`.split('\n').map((line) => `      ${line}`);
  return `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${lines.join('\n')}\n  b:\n    needs: a\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo never\n`;
}

async function endedDuring(phase: Phase, way: string): Promise<void> {
  using rig = new RunRig({ 'ci.yml': workflow(phase.steps) });
  const signalled = join(rig.root, 'signalled');
  const files = Object.entries(phase.files ?? {}).map(([path, text]) => [
    path,
    text.replace('<signalled>', signalled),
  ]);
  rig.write({ 'README.md': 'changed\n', ...(Object.fromEntries(files) as Record<string, string>) });
  rig.commit('Actions');
  installNode24(rig.home);
  const reached = join(rig.root, 'reached');
  const env = phase.slow ? rig.program(phase.slow.program, slowScript(phase.slow, reached)) : {};
  const { child, ended, prints } = rig.start(phase.words ?? [], env);
  await (phase.slow ? untilExists(reached) : prints('begun'));
  await ways[way]?.(child);
  writeFileSync(signalled, '');
  expectInterrupted(await ended, phase, way);
  while (phase.isPlanning && rig.leftovers().length > 0) await delay(20);
  expect(rig.leftovers()).toEqual([]);
  // A second Ctrl-C waits for nothing; the next run removes what it leaves.
  if (way !== 'Ctrl-C twice') expect(scripts(rig.home)).toEqual([]);
}

/** This Node plays the one that actions ask for, so that none is fetched. */
function installNode24(home: string): void {
  const bin = join(home, 'tools', 'node', `24.99.0-${process.platform}-${process.arch}`, 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(process.execPath, join(bin, 'node'));
  writeFileSync(join(bin, 'npm'), '');
}

function slowScript({ real, words }: NonNullable<Phase['slow']>, reached: string): string {
  const seconds = words.startsWith('status') ? 1 : 60;
  // It is told as reached only once it can be ended without leaving its sleep behind.
  const slow = real
    ? `sleep ${seconds} & trap "kill $!; exit 1" TERM INT; touch ${reached}; wait`
    : `touch ${reached}; exec sleep ${seconds}`;
  return `case "$*" in *"${words}"*) ${slow};; esac\n${real ? `exec ${real} "$@"` : ''}`;
}

async function untilExists(file: string): Promise<void> {
  while (!existsSync(file)) await delay(10);
}

function expectInterrupted(ended: Ended, { isPlanning }: Phase, way: string): void {
  // Before anything has begun and after all has ended the signal itself ends the command; a shell tells that as 130, too.
  const bySignal = [null, way === 'SIGTERM' ? 'SIGTERM' : 'SIGINT'];
  const byItself = [130, null];
  const allowed = isPlanning ? [bySignal] : way === 'Ctrl-C twice' ? [byItself, bySignal] : [byItself];
  expect(allowed).toContainEqual([ended.code, ended.signal]);
  expect(ended.err).not.toContain('cli/bug');
  const lines = printed(ended);
  expect(lines).not.toContain('never');
  if (!isPlanning && way !== 'Ctrl-C twice') expect(lines).toContain('cleaned up');
}

/** What steps leave in the folder for what is temporary. */
function scripts(home: string): string[] {
  if (!existsSync(home)) return [];
  return readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\/temp\/(?!_github_workflow)[^/]+$/.test(path),
  );
}

describe.each(Object.entries(phases))('a signal %s', (_, phase) => {
  test.concurrent.each(Object.keys(ways))('ends the command and leaves nothing: %s', (way) =>
    endedDuring(phase, way),
  );
});
