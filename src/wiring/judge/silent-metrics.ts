import type { EnvironmentDefinition, MetricDefinition } from '../../app/index.ts';
import type { Finding } from '../../diagnostics/index.ts';
import { namesRevision } from './gauge.ts';
import { get } from './get.ts';
import { askPrometheus } from './prometheus.ts';

/** What has not answered by then does not keep a plan waiting. */
const patienceMs = 3_000;

/**
 * Sources that a judge would ask and that do not answer now: told before anything is begun, and no reason to refuse it, as
 * they may be there by then. An address that names a revision cannot be asked before there is one.
 */
export async function silentMetrics({
  name,
  judge,
}: Pick<EnvironmentDefinition, 'name' | 'judge'>): Promise<Finding[]> {
  const asked = await Promise.all(
    (judge?.metrics ?? []).map(async (metric) => [metric, await silence(metric)] as const),
  );
  return asked.flatMap(([metric, why]): Finding[] =>
    why === null
      ? []
      : [
          {
            code: 'wiring/metric-silent',
            severity: 'warning',
            message: `the metric ${metric.name} of ${name} has no number now: ${why}`,
            notes: [],
            help: 'mend its source before you ship: a metric without a number proves nothing',
          },
        ],
  );
}

async function silence({ source }: MetricDefinition): Promise<string | null> {
  if (source.kind !== 'prometheus' && source.kind !== 'http') return null;
  const { url } = source;
  if (namesRevision(url) || /\$(app|environment)\b/.test(url)) return null;
  const signal = AbortSignal.timeout(patienceMs);
  try {
    // Any query will do: what it is about may not be there yet.
    if (source.kind === 'http') await get(new URL(url), signal);
    else {
      const answered = await askPrometheus({ url, query: '1', revision: 'it' }, signal);
      if ('trouble' in answered) return answered.trouble;
    }
    return null;
  } catch (error) {
    return signal.aborted ? `it has not answered within ${patienceMs / 1000} s` : (error as Error).message;
  }
}
