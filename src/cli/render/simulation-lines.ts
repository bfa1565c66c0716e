import {
  judgeText,
  minutesText,
  planText,
  rolloutsText,
  shareText,
  thousands,
  trafficText,
  type CandidateReport,
  type SimulationReport,
} from '../../simulation/index.ts';
import { renderTable } from './table.ts';
import { harmless, paint, type Look } from './text.ts';

/** What a judge would do to rollouts, for people. */
export function simulationLines(report: SimulationReport, look: Look): string[] {
  const { app, environment, plan, judge, traffic, candidates, rollouts, seed } = report;
  const heads = ['NEW REVISION', 'STOPPED', 'AFTER', 'OVER TIME', 'WOULD TAKE'];
  return [
    `${paint(look, 'bold', harmless(`${app}/${environment}`))}  ${planText(plan)}`,
    `judge ${judgeText(judge)}`,
    trafficText(traffic),
    '',
    ...renderTable({ heads, rows: candidates.map((one) => rowOf(one, look)) }, look),
    '',
    paint(
      look,
      'dim',
      `${rolloutsText(rollouts)}, seed ${seed}; in brackets: where the true share is, with 95 % confidence`,
    ),
    ...advice(report),
  ];
}

function rowOf(one: CandidateReport, look: Look): string[] {
  const { candidate, good, stopped, stopMs, overTime, needs } = one;
  const style = good ? 'green' : 'red';
  return [
    candidate.name,
    shareText(stopped),
    stopMs === null ? '' : minutesText(stopMs / 60_000),
    paint(look, style, blocks(overTime)),
    needs === null ? '' : `${thousands(needs.sessions)} sessions, ${minutesText(needs.minutes)}`,
  ];
}

const heights = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** Shares as a row of blocks, every second one: none is a dot, all a full block. */
function blocks(shares: readonly number[]): string {
  return shares
    .filter((_, index) => index % 2 === 1)
    .map((share) => heights[Math.ceil(share * (heights.length - 1))])
    .join('');
}

const dayMinutes = 1_440;

/** Where most bad ones would come through, it says what would help. */
function advice({ candidates, plan }: SimulationReport): string[] {
  const missed = candidates.filter(({ good, stopped }) => !good && stopped.count < stopped.of / 2);
  const longest = Math.max(0, ...missed.map(({ needs }) => needs?.minutes ?? 0));
  const last = plan.steps.findLast(({ weightPercent }) => weightPercent < 100);
  if (longest === 0 || !last) return [];
  const probes = 'have Slipway send requests of its own (judge: probes)';
  if (longest > dayMinutes)
    return [`half and more of some would get through, and no stay of a day would change that: ${probes}`];
  const hold = longest > 120 ? `${Math.ceil(longest / 60)}h` : `${Math.ceil(longest)}m`;
  return [
    `half and more of some would get through: stay longer, such as --steps ${last.weightPercent}%:${hold}, or ${probes}`,
  ];
}
