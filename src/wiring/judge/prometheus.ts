import { z } from 'zod';
import { unreachable } from '../../diagnostics/index.ts';
import { jsonOf } from '../json-path.ts';
import { numberOf, shortened, type Measured } from './gauge.ts';
import { get } from './get.ts';

const sample = z.tuple([z.number(), z.string()]);
const failure = z.object({ status: z.literal('error'), error: z.string() });
const success = z.object({
  status: z.literal('success'),
  data: z.discriminatedUnion('resultType', [
    z.object({ resultType: z.literal('scalar'), result: sample }),
    z.object({
      resultType: z.literal('vector'),
      result: z.array(z.looseObject({ value: sample.optional() })),
    }),
    z.object({ resultType: z.literal('matrix') }),
    z.object({ resultType: z.literal('string') }),
  ]),
});

/**
 * The one number that an instant query gives.
 *
 * @param url - Of Prometheus; it may be below a path.
 * @param revision - Of which it is asked, for people.
 * @see https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
 */
export async function askPrometheus(
  { url, query, revision }: { url: string; query: string; revision: string },
  signal: AbortSignal,
): Promise<Measured> {
  const address = new URL(url);
  address.pathname = `${address.pathname.replace(/\/+$/, '')}/api/v1/query`;
  address.searchParams.set('query', query);
  const { status, body, place } = await get(address, signal);
  const parsed = jsonOf(body);
  const refused = failure.safeParse(parsed);
  if (refused.success)
    return { trouble: `Prometheus refuses the query: ${shortened(refused.data.error)}; try it at ${place}` };
  const answered = success.safeParse(parsed);
  if (status !== 200 || !answered.success)
    return {
      trouble: `${place} answers ${status}, not as Prometheus does: check the "prometheus" of the metric`,
    };
  return theOnly(answered.data.data, revision);
}

function theOnly(data: z.infer<typeof success>['data'], revision: string): Measured {
  switch (data.resultType) {
    case 'scalar':
      return finite(data.result[1], revision);
    case 'vector': {
      const [first, ...others] = data.result;
      if (!first)
        return {
          trouble: `the query gives no series for ${revision}: check that the app exports it with the label that you name`,
        };
      if (others.length > 0)
        return {
          trouble: `the query gives ${others.length + 1} series for ${revision}: make one of them, such as by sum(…)`,
        };
      if (!first.value)
        return {
          trouble: `the query gives a histogram for ${revision}: take one number of it, by histogram_quantile(…)`,
        };
      return finite(first.value[1], revision);
    }
    case 'matrix':
    case 'string':
      return {
        trouble: `the query gives a ${data.resultType}, not one number: put rate(…) or the like around it`,
      };
    default:
      return unreachable(data);
  }
}

function finite(text: string, revision: string): Measured {
  const value = numberOf(text);
  if (value !== null) return { value };
  return {
    trouble: `the query gives ${shortened(text)} for ${revision}, as a division by 0 does: there may be no traffic yet, or a name in it is wrong`,
  };
}
