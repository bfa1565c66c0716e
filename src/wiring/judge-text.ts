import { formatDuration, isOfVariants, type JudgeDefinition, type Undecided } from '../app/index.ts';

const whileUnproven: Record<Undecided, string> = {
  'go-on': 'what is not proven by the end of a hold goes on',
  hold: 'a hold lasts until it is proven good',
  ask: 'what is not proven by the end of a hold is left to people',
};

/** What a plan says of a judge after "judged": what it holds a new revision against, and what follows. */
export function judgeText(
  { level, metrics, probes, undecided, errorRate, p95Ms }: JudgeDefinition,
  stable: string,
): string {
  const by = [
    'the traffic of both',
    ...(errorRate === null ? [] : [`at most ${Number((errorRate * 100).toPrecision(3))} % errors`]),
    ...(p95Ms === null ? [] : [`p95 of ${formatDuration(p95Ms)}`]),
    ...metrics.filter((metric) => !isOfVariants(metric)).map(({ name }) => name),
    ...(probes ? ['requests of its own'] : []),
  ];
  return `against ${stable} by ${by.join(', ')} (${level}): harm takes it back; ${whileUnproven[undecided]}`;
}
