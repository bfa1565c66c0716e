import { formatDuration } from '../app/index.ts';
import type { SimulationReport } from './report.ts';
import type { Share } from './summary.ts';
import { quantileMs, type Traffic } from './traffic.ts';

/** `10% for 1m, 50% for 1m, then all` */
export function planText({ steps, bakeMs }: SimulationReport['plan']): string {
  const shares = steps
    .filter(({ weightPercent }) => weightPercent < 100)
    .map(({ weightPercent, holdMs }) => `${weightPercent}% for ${formatDuration(holdMs)}`);
  return [...shares, `${shares.length > 0 ? 'then ' : ''}all, watched for ${formatDuration(bakeMs)}`].join(
    ', ',
  );
}

/** `balanced: at most 1 % of good ones go back; undecided: go-on` */
export function judgeText({
  level,
  falseAlarm,
  undecided,
  errorRate,
  p95Ms,
}: SimulationReport['judge']): string {
  const bounds = [
    ...(errorRate === null ? [] : [`error-rate < ${percent(errorRate)}`]),
    ...(p95Ms === null ? [] : [`p95 < ${p95Ms} ms`]),
  ];
  const rules = [`at most ${percent(falseAlarm)} of good ones go back`, ...bounds, `undecided: ${undecided}`];
  return `${level}: ${rules.join('; ')}`;
}

/** `50 requests a minute in sessions of 5; 0.2 % fail, each by itself; half take less than 80 ms, 95 of 100 less than 215 ms` */
export function trafficText(traffic: Traffic): string {
  const { requestsPerMinute, requestsPerSession, errorShare, failures, bursts, stalls, latency } = traffic;
  const together = failures === 'together' ? 'whole sessions together' : 'each by itself';
  const noise = bursts
    ? `; bursts on both revisions: ${percent(bursts.errorShare)} fail for ${formatDuration(bursts.lastsMs)}, about every ${formatDuration(bursts.everyMs)}`
    : '';
  const still = stalls
    ? `; each revision stands still for ${formatDuration(stalls.lastsMs)}, about every ${formatDuration(stalls.everyMs)}`
    : '';
  const times = `half take less than ${Math.round(latency.medianMs)} ms, 95 of 100 less than ${Math.round(quantileMs(0.95, latency))} ms`;
  return `${rateText(requestsPerMinute)} in sessions of ${thousands(requestsPerSession)}; ${percent(errorShare)} fail, ${together}${noise}${still}; ${times}`;
}

/** `300 requests a minute`; `1 request an hour` where so few come. */
function rateText(perMinute: number): string {
  const [rate, unit] = perMinute < 1 ? [perMinute * 60, 'an hour'] : [perMinute, 'a minute'];
  const told = rate < 10 ? String(Number(rate.toPrecision(2))) : thousands(rate);
  return `${told} ${told === '1' ? 'request' : 'requests'} ${unit}`;
}

/** `1,000 rollouts each` */
export function rolloutsText(rollouts: number): string {
  return `${thousands(rollouts)} ${rollouts === 1 ? 'rollout' : 'rollouts'} each`;
}

/** `6.5 % (5.1-8.2)`: with the interval of 95 % confidence. */
export function shareText({ count, of, low, high }: Share): string {
  return `${percent(count / of)} (${percent(low).replace(' %', '')}-${percent(high).replace(' %', '')})`;
}

/** `0.13 %` */
export function percent(share: number): string {
  const value = share * 100;
  return `${Number(value.toFixed(value < 1 ? 2 : 1))} %`;
}

/** `12,300` */
export function thousands(value: number): string {
  return Math.round(value)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** `under 1 s`, `45 s`, `12 min`, `3 h`, `2 days`. */
export function minutesText(minutes: number): string {
  if (minutes * 60 < 1) return 'under 1 s';
  if (minutes < 1) return `${Math.round(minutes * 60)} s`;
  if (minutes < 10) return `${Number(minutes.toFixed(1))} min`;
  if (minutes < 120) return `${Math.round(minutes)} min`;
  return minutes < 72 * 60 ? `${Math.round(minutes / 60)} h` : `${thousands(minutes / 1_440)} days`;
}
