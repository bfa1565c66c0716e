import { jsonOf, valueAt } from '../json-path.ts';
import { numberOf, type Measured } from './gauge.ts';
import { get } from './get.ts';

/** The number that a GET is answered with: all of the body, or one value of its JSON by path. */
export async function askHttp(
  { url, json }: { url: string; json: string },
  signal: AbortSignal,
): Promise<Measured> {
  const { status, body, place } = await get(new URL(url), signal);
  if (status < 200 || status > 299) return { trouble: `GET ${place} is answered ${status}, not 200` };
  if (json === '') {
    const value = numberOf(body);
    if (value !== null) return { value };
    return { trouble: `GET ${place} is answered ${quoted(body.trim())}, which is no number` };
  }
  const parsed = jsonOf(body);
  if (parsed === undefined)
    return { trouble: `GET ${place} is not answered with JSON: ${quoted(body.trim())}` };
  const found = valueAt(parsed, json);
  if (typeof found === 'number' && Number.isFinite(found)) return { value: found };
  return {
    trouble:
      found === undefined
        ? `the answer of ${place} has no ${json}: check the "json" of the metric`
        : `${json} of ${place} is ${JSON.stringify(found).slice(0, quotedLength)}, not a number`,
  };
}

const quotedLength = 80;

function quoted(text: string): string {
  return `"${text.length > quotedLength ? `${text.slice(0, quotedLength)}…` : text}"`;
}
