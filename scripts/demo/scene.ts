import { parse } from 'yaml';
import type { LogLine, RolloutView, ShipView } from '../../src/wiring/index.ts';
import { moveAct, refusedMove, shipAct, type Act } from './act.ts';
import { sumOf } from './load-totals.ts';
import { listed, seconds, shortOf, type Narrator } from './narrator.ts';
import { createTeller, glimpse } from './shipping.ts';
import type { Slipway } from './slipway.ts';
import { commit, settingsOf, type Change, type Stage } from './stage.ts';
import { durationMs, type ConfiguredWaits, type Interval } from './timing.ts';
import type { Traffic } from './traffic.ts';

/** What every scene is played with. */
export interface Props {
  stage: Stage;
  slipway: Slipway;
  narrator: Narrator;
  /** Ends the play when the user wants to leave. */
  signal: AbortSignal;
}

/** Something that watches a ship from outside, and may disturb it. */
export interface Watcher {
  look(rollouts: readonly RolloutView[]): void;
  /** Settles when it has done what it began. */
  over: Promise<void>;
  /** For how long it made others wait. */
  waits: Interval[];
}

export interface ShipScene {
  name: string;
  change: Change;
  watcher: Watcher | null;
}

/** Commits a change and ships it. @throws Error when the command says nothing of how it ended. */
export async function shipScene(props: Props, traffic: Traffic | null, scene: ShipScene): Promise<Act> {
  const { stage, slipway, narrator } = props;
  const { watcher } = scene;
  await commit(stage, scene.change);
  const committedAtMs = Date.now();
  const teller = createTeller(narrator, committedAtMs);
  let latest: ShipView | null = null;
  const picture = setInterval(() => {
    narrator.now(`  ${seconds(Date.now() - committedAtMs)}  ${glimpse(latest)}${servedText(traffic)}`);
  }, 200);
  try {
    const { last, stderr, exitCode } = await slipway.call<ShipView>({
      args: ['ship'],
      onView: (view) => {
        latest = view;
        teller.ship(view);
        watcher?.look(view.rollouts);
      },
    });
    await watcher?.over;
    if (last?.state === undefined || last.state === 'running')
      throw new Error(`slipway ship ended with ${exitCode}\n${stderr}${JSON.stringify(last)}`);

    const act = shipAct(scene.name, last, {
      committedAtMs,
      teller,
      waits: watcher?.waits ?? [],
      configured: waitsIn(stage),
    });
    const tests = await failedTests(slipway, last);
    return tests.length === 0
      ? act
      : { ...act, why: `${listed(tests)} failed, so nothing was deployed anywhere` };
  } finally {
    clearInterval(picture);
    await watcher?.over.catch(() => {});
  }
}

export interface MoveScene {
  name: string;
  /** After `slipway rollback production`. */
  args: string[];
  /** The commit that it should lead to. */
  commit: string;
  /** What is said when it went well. */
  why: (revision: string) => string;
}

/** `slipway rollback`, to what stands by or to what is on the machine. */
export async function moveScene({ slipway, narrator }: Props, scene: MoveScene): Promise<Act> {
  const { name, args, commit: wanted, why } = scene;
  const askedAtMs = Date.now();
  const teller = createTeller(narrator, askedAtMs);
  narrator.say(`           slipway rollback production ${args.map(shortOf).join(' ')}`.trimEnd());
  const { last, stderr } = await slipway.call<RolloutView>({
    args: ['rollback', 'production', ...args],
    onView: (view) => teller.rollout(view),
  });
  if (last === null || last.state === undefined) return refusedMove(name, wanted, stderr);
  return moveAct(last, { name, commit: wanted, askedAtMs, teller, why });
}

/** Which tests failed, from the logs of the jobs that did: Node's reporter names them under one heading. */
async function failedTests(slipway: Slipway, ship: ShipView): Promise<string[]> {
  const jobs = ship.runs
    .flatMap((run) => run.jobs)
    .filter(({ state, environment }) => state === 'failure' && environment === null);
  const names = new Set<string>();
  for (const { key } of jobs) {
    let under = false;
    const onView = ({ text }: LogLine) => {
      under ||= text.includes('failing tests:');
      const name = under ? /^\s*✖ (.+?) \([\d.]+ms\)$/.exec(text)?.[1] : undefined;
      if (name !== undefined) names.add(`test "${name}"`);
    };
    await slipway.call<LogLine>({ args: ['logs', ship.id, '--job', key], onView });
  }
  return [...names];
}

function waitsIn(stage: Stage): Record<string, ConfiguredWaits> {
  const { environments } = parse(settingsOf(stage)) as {
    environments: Record<string, { bake?: string; health?: { deadline?: string } }>;
  };
  return Object.fromEntries(
    Object.entries(environments).map(([name, { bake, health }]) => [
      name,
      { bakeMs: durationMs(bake ?? '0s'), healthDeadlineMs: durationMs(health?.deadline ?? '0s') },
    ]),
  );
}

function servedText(traffic: Traffic | null): string {
  if (traffic === null) return '';
  const { answered, failed } = sumOf(traffic.totals());
  return ` · ${answered} requests served, ${failed} failed`;
}
