import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { ShipView } from '../../src/wiring/index.ts';
import { persist, signal, startRig, until, type Rig } from '../rig/index.ts';

/** Writes the workflows of the next commits; `$NOTES` in them is a folder that outlives jobs. */
function workflows(rig: Rig, files: Record<string, string>): { notes: string; lines: () => string[] } {
  const notes = join(rig.home, '..', 'notes');
  mkdirSync(notes, { recursive: true });
  const log = join(notes, 'log');
  appendFileSync(log, '');
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(
      join(rig.repository.folder, '.github', 'workflows', `${name}.yml`),
      text.replaceAll('$NOTES', notes),
    );
  }
  return { notes, lines: () => readFileSync(log, 'utf8').split('\n').slice(0, -1) };
}

async function ended(rig: Rig, ship: string): Promise<ShipView> {
  const view = () => persist(() => rig.client.getShip(ship));
  await until(`${ship} has ended`, async () => (await view()).state !== 'running', view);
  return view();
}

const jobsOf = (view: ShipView) =>
  Object.fromEntries(view.runs.flatMap(({ jobs }) => jobs.map(({ name, state }) => [name, state])));

test('one run of a group at a time, in the order of arrival, though the server is killed in between', async () => {
  const rig = await startRig();
  onTestFinished(() => rig.close());
  const { notes, lines } = workflows(rig, {
    ci: `on: push
concurrency: { group: "one-\${{ github.ref_name }}", queue: max }
jobs:
  work:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo "start $GITHUB_SHA" >> $NOTES/log
          while [ ! -e "$NOTES/go-$GITHUB_SHA" ]; do sleep 0.05; done
          echo "end $GITHUB_SHA" >> $NOTES/log
`,
  });
  const first = await rig.ship('v1');
  await until('the first has the group', () => lines().length === 1, lines);
  const second = await rig.ship('v2');
  await until(
    'the second waits for it',
    async () => {
      const { runs } = await rig.client.getShip(second.ship);
      return /waits for run \d+ of group one-main/.test(runs[0]?.reason ?? '');
    },
    () => rig.client.getShip(second.ship),
  );
  const third = await rig.ship('v3');
  const { pid } = await rig.client.health();
  signal(pid, 'SIGKILL');
  await rig.startServer();
  for (const { commit } of [first, second, third]) writeFileSync(join(notes, `go-${commit}`), '');
  for (const { ship } of [first, second, third]) {
    const { runs } = await ended(rig, ship);
    expect(runs.map(({ state }) => state)).toEqual(['success']);
  }
  expect(lines()).toEqual(
    [first, second, third].flatMap(({ commit }) => [`start ${commit}`, `end ${commit}`]),
  );
});

test('a newcomer that ends what is in progress takes its place', async () => {
  const rig = await startRig();
  onTestFinished(() => rig.close());
  const { lines } = workflows(rig, {
    ci: `on: push
jobs:
  work:
    runs-on: ubuntu-latest
    concurrency: { group: one, cancel-in-progress: true }
    steps:
      - run: |
          echo "start" >> $NOTES/log
          if grep -q v1 version.json 2>/dev/null || [ "$(wc -l < $NOTES/log)" = 1 ]; then sleep 600; fi
`,
  });
  const first = await rig.ship('v1');
  await until('the first has the group', () => lines().length === 1, lines);
  const second = await rig.ship('v2');
  const cancelled = await ended(rig, first.ship);
  expect(cancelled.state).toBe('cancelled');
  expect((await ended(rig, second.ship)).state).toBe('succeeded');
});

test('a called workflow runs with its own inputs and secrets, and what failed of it runs again', async () => {
  const rig = await startRig();
  onTestFinished(() => rig.close());
  const { notes, lines } = workflows(rig, {
    ci: `on: push
jobs:
  first:
    runs-on: ubuntu-latest
    outputs: { tag: "\${{ steps.t.outputs.tag }}" }
    steps: [{ id: t, run: 'echo tag=7 >> "$GITHUB_OUTPUT"; echo first >> $NOTES/log' }]
  build:
    name: Build
    needs: first
    strategy: { matrix: { os: [a, b] } }
    uses: ./.github/workflows/inner.yml
    with: { what: "\${{ matrix.os }}-\${{ needs.first.outputs.tag }}" }
    secrets: { WORD: "\${{ secrets.SECRET_WORD }}" }
  last:
    needs: build
    runs-on: ubuntu-latest
    steps: [{ run: 'echo "last \${{ needs.build.outputs.said }}" >> $NOTES/log' }]
`,
    inner: `on:
  workflow_call:
    inputs: { what: { type: string, required: true } }
    secrets: { WORD: { required: true } }
    outputs: { said: { value: "\${{ jobs.make.outputs.said }}" } }
jobs:
  make:
    runs-on: ubuntu-latest
    outputs: { said: "\${{ steps.s.outputs.said }}" }
    steps:
      - id: s
        run: |
          echo "make \${{ inputs.what }} \${#WORD}\${{ secrets.SECRET_WORD }}" >> $NOTES/log
          [ "\${{ inputs.what }}" = a-7 ] || [ -e $NOTES/mended ]
          echo said=done >> "$GITHUB_OUTPUT"
        env: { WORD: "\${{ secrets.WORD }}" }
`,
  });
  await rig.client.setSecret({
    app: 'rig',
    environment: '*',
    name: 'SECRET_WORD',
    value: 'sesame',
    actor: 'ana',
  });
  const { ship } = await rig.ship('v1');
  const failed = await ended(rig, ship);
  expect(failed.state).toBe('failed');
  expect(jobsOf(failed)).toMatchObject({ first: 'success', 'Build (b) / make': 'failure', last: 'skipped' });
  writeFileSync(join(notes, 'mended'), '');
  const before = lines();
  expect(before).toContain('make b-7 6');
  const again = await rig.client.rerunShip(ship, { actor: 'ana', failed: true });
  const mended = await ended(rig, again);
  expect(jobsOf(mended)).toEqual({
    first: 'success',
    'Build (a) / make': 'success',
    'Build (b) / make': 'success',
    last: 'success',
  });
  expect(
    lines()
      .slice(before.length)
      .toSorted()
      .filter((line) => line !== 'make a-7 6'),
  ).toEqual(['last done', 'make b-7 6']);
  expect(existsSync(join(rig.home, 'runs', `${again}-1`, 'jobs', 'build.1', 'make@2'))).toBe(true);
  await expect(rig.client.rerunShip(again, { actor: 'ana', failed: true })).rejects.toThrow(
    /rolled something out/,
  );
});
