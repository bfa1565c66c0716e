import { describe, expect, test } from 'vitest';
import { diceOf } from '../chaos/dice.ts';
import type { LoadSettings, Report } from '../soak/load/report.ts';
import { openStage } from '../soak/stage.ts';
import { Story } from '../soak/story.ts';
import { sendUsers } from '../soak/users.ts';
import { lacks, routerComponent } from './support/component.ts';

/*
 * Rollouts in a row behind each router, good and bad versions by all strategies, under constant load. What it proves
 * is told in docs/how-it-works.md; `npm run soak` plays the long version.
 */
const seed = Number(process.env['SLIPWAY_SEED'] ?? Date.now() % 1_000_000);
const rollouts = Number(process.env['SLIPWAY_ROLLOUTS'] ?? 10);
const requestsPerSecond = Number(process.env['SLIPWAY_RATE'] ?? 150);
const longMs = Number(process.env['SLIPWAY_LONG_SECONDS'] ?? 8) * 1_000;
/** Those that CI has time for; the others by SLIPWAY_ROUTERS. */
const wanted = (process.env['SLIPWAY_ROUTERS'] ?? 'nginx,embedded,haproxy').split(',');
const limitMs = 180_000 + 2 * longMs;
const streams = { chats: 4, downloads: 2, downloadBytes: 2_000_000, downloadMs: 1_000 };

/**
 * Where nginx promises less (docs/nginx-router.md): a reload may meet a connection that has been idle for a second, and
 * has old and new workers take connections side by side for a moment, in which a session goes to and fro. Elsewhere it
 * goes to a candidate and, when that goes back, from it again.
 */
function promises(router: string): Pick<LoadSettings, 'idleLimitMs' | 'movesInTurn'> {
  if (router === 'nginx') return { idleLimitMs: 700, movesInTurn: null };
  return { idleLimitMs: null, movesInTurn: 2 };
}

describe.concurrent('rollouts under load', () => {
  for (const router of ['nginx', 'embedded', 'haproxy', 'caddy', 'traefik'] as const) {
    const component = router === 'embedded' ? null : routerComponent(router);
    const isSkipped = !wanted.includes(router) || (component !== null && lacks(component));
    test.skipIf(isSkipped)(
      `${router}${component ? ` (missing? ${component.install})` : ''}: ${rollouts} rollouts in a row, good and bad, and no request fails (SLIPWAY_SEED=${seed})`,
      { timeout: 600_000 + rollouts * 30_000 + rollouts * (longMs / 10) },
      async ({ onTestFinished }) => {
        const stage = await openStage(router, limitMs);
        onTestFinished(() => stage.close());
        const users = sendUsers({ port: stage.port, requestsPerSecond, ...streams, ...promises(router) });
        onTestFinished(() => users.dismiss());
        const story = new Story({ stage, users, dice: diceOf(seed), limitMs, longMs });
        await story.begin();
        const began = performance.now();
        await story.play(rollouts);
        await story.endDrain();
        const report = await users.say({ say: 'stop' });
        const seconds = Math.round((performance.now() - began) / 1_000);
        const { turns } = story;
        console.log(JSON.stringify({ router, seed, rollouts, seconds, ...inShort(report, seconds), turns }));
        expect(report.failures).toEqual([]);
        expectEverything(report);
        expect((await stage.client.audit()).problems).toEqual([]);
      },
    );
  }
});

/** Versions that must never answer a user; the others are seen to be bad only once they have some. */
const unfit = /-(never-ready|crashes|migration-fails)$/;

/** Nobody was answered by a version that is not fit for it, and every kind of use was there. */
function expectEverything({ answers, fresh, kept, chats, downloads }: Report): void {
  expect(Object.keys(answers).filter((version) => unfit.test(version))).toEqual([]);
  expect(Object.keys(chats.closes).toSorted()).toEqual(['1000', '1001']);
  for (const count of [fresh, kept, chats.messagesSent, downloads.done]) expect(count).toBeGreaterThan(0);
}

function inShort(report: Report, seconds: number) {
  const { answers, ownFailures, failures: _, ...counts } = report;
  const sum = (of: Record<string, number>) => Object.values(of).reduce((all, one) => all + one, 0);
  return {
    ...counts,
    perSecond: Math.round(report.requests / seconds),
    versions: Object.keys(answers).length,
    ownFailures: sum(ownFailures),
  };
}
