import type { JudgeDefinition, MetricDefinition, MetricSource } from './model.ts';

/** Whether a metric compares those who have a variant of a flag with those who do not: `$variant` stands for it. */
export function isOfVariants({ source }: Pick<MetricDefinition, 'source'>): boolean {
  return /\$variant(?!\w)/.test(textOf(source));
}

/** The judge as rollouts have it: between two revisions there are no variants. */
export function judgeOfRollouts(judge: JudgeDefinition | null): JudgeDefinition | null {
  return judge && { ...judge, metrics: judge.metrics.filter((metric) => !isOfVariants(metric)) };
}

/** What of a source a name may stand in. */
function textOf(source: MetricSource): string {
  if (source.kind === 'prometheus') return `${source.url} ${source.query}`;
  if (source.kind === 'http') return source.url;
  return source.kind === 'command' ? source.command : '';
}
