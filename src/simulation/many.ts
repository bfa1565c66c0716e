import { argo } from './peers/argo.ts';
import { flagger } from './peers/flagger.ts';
import { kayenta } from './peers/kayenta.ts';
import { atWork, marksMs, type Rule } from './peers/peer.ts';
import { seededRandom } from './random.ts';
import { playRollout, type Simulation } from './rollout.ts';
import { summarize, type Result, type Summary } from './summary.ts';

/** How often, and which. */
export interface Repetition {
  rollouts: number;
  seed: number;
}

/** Plays a rollout many times, each with users of its own. */
export function playMany(simulation: Simulation, { rollouts, seed }: Repetition): Summary {
  return summarize(
    seedsOf(seed, rollouts).map((one) => {
      const { end, ms, sessions } = playRollout(simulation, seededRandom(one));
      return { stopped: end === 'stopped', undecided: end === 'undecided', ms, sessions };
    }),
  );
}

/** Rules of others, by the names of their tools. */
const rules = { flagger, argo, kayenta } satisfies Record<string, () => Rule>;

export type PeerName = keyof typeof rules;

/** The same, and what others' rules say of the same users. */
export function playBesidePeers(
  simulation: Simulation,
  { rollouts, seed }: Repetition,
): { ours: Summary; peers: Record<PeerName, Summary> } {
  const ours: Result[] = [];
  const peers: Record<PeerName, Result[]> = { flagger: [], argo: [], kayenta: [] };
  for (const one of seedsOf(seed, rollouts)) {
    const atWorks = Object.entries(rules).map(([name, rule]) => ({
      name: name as PeerName,
      rule: atWork(rule()),
    }));
    const onlookers = atWorks.map(({ rule }) => rule);
    const { end, ms, sessions } = playRollout(simulation, seededRandom(one), { marksMs, onlookers });
    ours.push({ stopped: end === 'stopped', undecided: end === 'undecided', ms, sessions });
    for (const { name, rule } of atWorks) peers[name].push(rule.end());
  }
  return {
    ours: summarize(ours),
    peers: {
      flagger: summarize(peers.flagger),
      argo: summarize(peers.argo),
      kayenta: summarize(peers.kayenta),
    },
  };
}

/** A seed for each rollout; two that lie near each other give users that have nothing in common. */
function seedsOf(seed: number, rollouts: number): number[] {
  return Array.from({ length: rollouts }, (_, index) => seed * 1_000_003 + index);
}
