/** One row of the bench: the same work, told to each runner in its own language. */
export interface Case {
  name: string;
  what: string;
  /** A GitHub workflow, for Slipway and act. */
  workflow: string;
  /** The same for gitlab-ci-local. */
  gitlab: string;
  /** Seconds that the work takes by itself, however good the runner is; null where the floor is measured. */
  idealSeconds: number | null;
  /** What its steps tell by the times that they write to `stampsFile`, as a row of its own. */
  stamps?: { row: string; what: string; from: 'start of the command' | 'first step' };
}

/** Stands for the path of a file in which steps leave the time, a line each. */
export const stampsFile = '@STAMPS@';

const stamp = `date +%s%N >> ${stampsFile}`;

const secondsOfSleep = 1;

function jobs(entries: [id: string, needs: string[], script: string][]): Pick<Case, 'workflow' | 'gitlab'> {
  const list = (names: string[]) => `[${names.join(', ')}]`;
  return {
    workflow: [
      'on: push',
      'jobs:',
      ...entries.map(
        ([id, needs, script]) =>
          `  ${id}:\n    needs: ${list(needs)}\n    runs-on: ubuntu-latest\n    steps:\n      - run: ${script}`,
      ),
    ].join('\n'),
    gitlab: entries
      .map(([id, needs, script]) => `${id}:\n  needs: ${list(needs)}\n  script:\n    - ${script}`)
      .join('\n'),
  };
}

/** Five layers of ten jobs; each needs two of the layer before, and all layers lie on the critical path. */
function graph(): [string, string[], string][] {
  return Array.from({ length: 50 }, (_, index) => {
    const layer = Math.floor(index / 10);
    const place = index % 10;
    const needs = layer === 0 ? [] : [`j${layer - 1}${place}`, `j${layer - 1}${(place + 1) % 10}`];
    return [`j${layer}${place}`, needs, stampedSleep(secondsOfSleep)];
  });
}

function stampedSleep(seconds: number): string {
  return `${stamp}; sleep ${seconds}; ${stamp}`;
}

function scheduling(name: string): Case['stamps'] {
  return {
    row: `… ${name}`,
    what: 'the same from the start of its first step to the end of its last, without what comes before and after',
    from: 'first step',
  };
}

const steps = Array.from({ length: 100 }, () => ':');
const twenty = Array.from({ length: 20 }, (_, index) => index + 1);

/** Every row, in the order shown. */
export const cases: Case[] = [
  {
    name: 'cold start',
    what: 'one job, one step that does nothing but write down the time',
    ...jobs([['a', [], stamp]]),
    idealSeconds: null,
    stamps: {
      row: '… first step',
      what: 'from the start of the command to the first step; the floor is `node -e 0` from start to end',
      from: 'start of the command',
    },
  },
  {
    name: '100 steps',
    what: 'one job, 100 steps that do nothing',
    workflow: `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${steps.map((script) => `      - run: '${script}'`).join('\n')}`,
    // A job of GitLab's is one script, so each line starts the shell that a step has by itself.
    gitlab: `a:\n  script:\n${steps.map((script) => `    - bash -e -c '${script}'`).join('\n')}`,
    idealSeconds: null,
  },
  {
    name: '100k lines',
    what: 'one step that prints 100,000 lines',
    ...jobs([['a', [], 'seq 100000']]),
    idealSeconds: null,
  },
  {
    name: '50 jobs',
    what: 'five layers of ten jobs, each a second of sleep',
    ...jobs(graph()),
    idealSeconds: 5 * secondsOfSleep,
    stamps: scheduling('50 jobs'),
  },
  {
    name: 'matrix of 20',
    what: '20 jobs side by side, each a second of sleep',
    workflow: `on: push\njobs:\n  a:\n    strategy:\n      matrix:\n        n: [${twenty.join(', ')}]\n    runs-on: ubuntu-latest\n    steps:\n      - run: ${stampedSleep(secondsOfSleep)}`,
    gitlab: `a:\n  parallel:\n    matrix:\n      - N: [${twenty.map((n) => `"${n}"`).join(', ')}]\n  script:\n    - ${stampedSleep(secondsOfSleep)}`,
    idealSeconds: secondsOfSleep,
    stamps: scheduling('matrix of 20'),
  },
  {
    name: 'critical path',
    what: 'a, b and c one after the other (a second each) beside x (three)',
    ...jobs([
      ['a', [], stampedSleep(secondsOfSleep)],
      ['b', ['a'], stampedSleep(secondsOfSleep)],
      ['c', ['b'], stampedSleep(secondsOfSleep)],
      ['x', [], stampedSleep(3 * secondsOfSleep)],
    ]),
    idealSeconds: 3 * secondsOfSleep,
    stamps: scheduling('critical path'),
  },
];
