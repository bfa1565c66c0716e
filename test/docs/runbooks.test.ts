import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { powerOff } from '../rig/index.ts';
import { logOf, migrations, sellThings, stuck } from './shop.ts';
import { openTypist, type Scene, type Typist } from './typist.ts';

/*
 * Makes the trouble that each runbook is about, types what the page says, and compares what comes. Each page, and each
 * attempt at one, has a machine of its own. Only root can make a disk that is soon full.
 */

/** Many commands, on a machine that may be busy. */
const patienceMs = 900_000;
const isRoot = process.getuid?.() === 0;
let typist: Typist;

beforeEach(async () => {
  typist = await openTypist();
  onTestFinished(leave);
  mkdirSync(typist.home, { mode: 0o700 });
  if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=700', 'tmpfs', typist.home]);
  await sellThings(typist);
});

async function leave(): Promise<void> {
  typist.folder = typist.root;
  await typist.type('slipway down --all');
  unmount();
  await typist.close();
}

function unmount(): void {
  if (isRoot) execFileSync('sh', ['-c', 'umount --lazy "$0" 2>/dev/null || true', typist.home]);
}

async function follow(page: string, scenes: Record<string, Scene>): Promise<void> {
  const wrong = await typist.typePage(`docs/runbooks/${page}.md`, scenes);
  expect(wrong.join('\n\n')).toBe('');
}

test('a stuck rollout', { timeout: patienceMs }, () => follow('stuck-rollout', stuck));

test('a bad migration', { timeout: patienceMs }, () => follow('bad-migration', migrations));

test.skipIf(!isRoot)('a full disk (only root can make one)', { timeout: patienceMs }, () =>
  follow('full-disk', {
    'a disk that a log has filled': async () => {
      await typist.type('git commit -q --allow-empty -m "Twice as fast"');
      const piece = Buffer.alloc(2 ** 20, 'noise\n');
      for (let size = piece.length; size >= 64; size = size / 2) fill(piece.subarray(0, size));
    },
  }),
);

/** Writes to a log until nothing more of this size fits. */
function fill(piece: Buffer): void {
  for (;;) {
    try {
      appendFileSync(logOf(typist, 'r1-web-1'), piece);
    } catch {
      return;
    }
  }
}

test('a lost server', { timeout: patienceMs }, () =>
  follow('lost-server', {
    'a shop that serves': () => typist.typeUntil('slipway status', /^(?!.*Under way)/s),
    'the machine is gone': async () => {
      await powerOff(typist.home);
      unmount();
      rmSync(typist.home, { recursive: true, force: true });
    },
  }),
);
