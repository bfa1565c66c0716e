import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Judged } from '../../src/story/index.ts';
import type { RolloutView, RouterKind } from '../../src/wiring/index.ts';
import { dockerInstall, lacksDocker, loadImages, startDockerd, type Dockerd } from '../docker/index.ts';
import { createRepository, type Version } from '../judging/repository.ts';
import { sendUsers, type Users } from '../judging/users.ts';
import { openStageOf, type Stage } from '../soak/stage.ts';
import { lacks, routerComponent } from './support/component.ts';

/*
 * The judge with all that it rests on: a router that draws lots, containers, users. Nobody tells it what is wrong with a
 * version; what it says must be that.
 */
const goodCanaries = Number(process.env['SLIPWAY_GOOD_CANARIES'] ?? 20);
/** Shorter than the minute that such versions live in the long run, so that the test is short. */
const livesSeconds = Number(process.env['SLIPWAY_CRASH_SECONDS'] ?? 10);
const sessionsPerSecond = Number(process.env['SLIPWAY_SESSIONS'] ?? 200);
/** Against hanging, never a measure of speed. */
const limitMs = 280_000;
const longestMs = 1_800_000;

/** Harm ends the hold; a machine that is busy may take its time. */
const patient = '{ canary: { steps: [30%, 100%], hold: 4m } }';
const brief = '{ canary: { steps: [50%, 100%], hold: 2s } }';
/** Long enough for slowness to be proven, which takes a dozen seconds in a row. */
const unhurried = '{ canary: { steps: [50%, 100%], hold: 16s, judge: { warm-up: 2s } } }';
const odds = String.raw`odds against chance (more than )?[\d,]+ : 1; stopped at 30 %$`;

describe.skipIf(lacksDocker())(`the judge of canaries on Docker (missing? ${dockerInstall})`, () => {
  let engine: Dockerd;
  let stage: Stage<Version>;
  let users: Users | null = null;
  let versions = 0;
  /** Versions of which users may see failures: those that the test made for that. */
  let mayFail: string[] = [];

  /** A version that behaves so, by its end. */
  const ship = async (kind: string, version: Omit<Version, 'name'> = {}): Promise<RolloutView> => {
    const name = `v${++versions}-${kind}`;
    if (kind !== 'good') mayFail.push(name);
    const { ship } = await stage.ship({ name, ...version });
    return stage.shipEnds(ship);
  };
  /** A good version serves, and users come. */
  const open = async (router: RouterKind) => {
    mayFail = [];
    stage = await openStageOf({ router, limitMs, app: 'kiosk', createRepository, engine });
    expect(await ship('good')).toMatchObject({ state: 'succeeded' });
    users = sendUsers({ port: stage.port, sessionsPerSecond, longestMs });
  };
  const close = async () => {
    await users?.dismiss();
    await stage?.close();
  };
  /** What `slipway explain` tells of the judge. */
  const verdictsOn = async ({ id }: RolloutView): Promise<Judged[]> =>
    (await stage.client.story(id)).verdicts;
  const expectFailuresOnlyWhereTheyMayBe = async () => {
    const report = await users?.report();
    expect(report?.unexplained).toEqual([]);
    expect(Object.keys(report?.failures ?? {}).filter((version) => !mayFail.includes(version))).toEqual([]);
  };
  const expectTakenBack = async (rollout: RolloutView, reason: RegExp) => {
    console.log(rollout.detail);
    expect([rollout.state, rollout.detail]).toEqual(['failed', expect.stringMatching(reason)]);
    await expectFailuresOnlyWhereTheyMayBe();
  };
  const expectEvidence = async (rollout: RolloutView, about: string) => {
    const [verdict, ...more] = await verdictsOn(rollout);
    expect(more).toEqual([]);
    expect(verdict).toMatchObject({ verdict: 'failed', weightPercent: 30 });
    expect(verdict?.evidence.filter(({ says }) => says === 'harm')).toEqual([
      expect.objectContaining({ about, text: expect.any(String) }),
    ]);
    expect(rollout.detail).toContain(verdict?.evidence.find(({ says }) => says === 'harm')?.text);
  };

  beforeAll(async () => {
    engine = await startDockerd();
    loadImages(engine, ['node']);
  });
  afterAll(() => engine?.stop());

  const failedSessions = new RegExp(
    String.raw`[\d,]+ of [\d,]+ sessions failed on the new revision, 0 of [\d,]+ on the old; ${odds}`,
  );

  describe('behind the embedded router', () => {
    beforeAll(() => open('embedded'));
    afterAll(close);

    it.each([
      ['2 %', 0.02],
      ['0.5 %', 0.005],
    ])('one that fails %s of its requests is taken back for its failed sessions', async (_, fails) => {
      const rollout = await ship('fails', { strategy: patient, fails });
      await expectTakenBack(rollout, failedSessions);
      await expectEvidence(rollout, 'errors');
    });

    it('one that takes 1.6 times as long is taken back for its slow sessions', async () => {
      const judge = '{ warm-up: 3s }';
      const rollout = await ship('slow', { strategy: patient, slower: 1.6, judge });
      await expectTakenBack(
        rollout,
        new RegExp(
          String.raw`sessions had to wait longer than [\d.]+ m?s after the warm-up on the new revision.*${odds}`,
        ),
      );
      await expectEvidence(rollout, 'slowness');
    });

    it('one that leaks 5 MB a second is taken back for its memory', async () => {
      const judge = '{ metrics: [{ resource: memory, times: 2, every: 2s }] }';
      const rollout = await ship('leaks', { strategy: patient, leaksMegabytesEachSecond: 5, judge });
      await expectTakenBack(
        rollout,
        /memory was \d+ MiB on the new revision, \d+ MiB on the old; at most 2 times the old revision's is allowed \(3 readings in a row\)/,
      );
      await expectEvidence(rollout, 'metric');
    });

    it(`one that crashes every ${livesSeconds} seconds is taken back for it`, async () => {
      const rollout = await ship('crashes', { strategy: patient, endsEverySeconds: livesSeconds });
      await expectTakenBack(
        rollout,
        new RegExp(`${failedSessions.source}|ended by itself|stopped being ready while it had traffic`),
      );
    });

    it(
      `${goodCanaries} in a row that are as good as the old one, which fails 0.5 % of its requests as well, go live`,
      { timeout: goodCanaries * limitMs },
      async () => {
        expect(await ship('usual', { fails: 0.005 })).toMatchObject({ state: 'succeeded' });
        for (let at = 0; at < goodCanaries; at++) {
          const strategy = at % 4 === 0 ? unhurried : brief;
          const rollout = await ship('usual', { fails: 0.005, strategy });
          expect(rollout.state, rollout.detail ?? '').toBe('succeeded');
          const verdicts = (await verdictsOn(rollout)).map(({ verdict }) => verdict);
          expect(verdicts.length).toBeGreaterThan(0);
          expect(verdicts).not.toContain('failed');
        }
        await expectFailuresOnlyWhereTheyMayBe();
      },
    );

    it('an old version that is itself broken lets its mend through', async () => {
      const broken = await ship('broken', { fails: 0.2, strategy: 'blue-green', judge: 'off' });
      expect(broken).toMatchObject({ state: 'succeeded' });
      const mend = await ship('good', { strategy: brief, judge: '{ error-rate: "< 1%" }' });
      expect([mend.state, mend.detail]).toEqual(['succeeded', expect.any(String)]);
      await expectFailuresOnlyWhereTheyMayBe();
    });
  });

  const haproxy = routerComponent('haproxy');
  describe.skipIf(lacks(haproxy))(`behind HAProxy (missing? ${haproxy.install})`, () => {
    beforeAll(() => open('haproxy'));
    afterAll(close);

    it('one that fails 2 % of its requests is taken back for its failed sessions, and a good one goes live', async () => {
      await expectTakenBack(await ship('fails', { strategy: patient, fails: 0.02 }), failedSessions);
      const good = await ship('good', { strategy: brief });
      expect([good.state, good.detail]).toEqual(['succeeded', expect.any(String)]);
      await expectFailuresOnlyWhereTheyMayBe();
    });
  });
});
