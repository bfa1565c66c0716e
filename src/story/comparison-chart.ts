import type { Evidence } from '../judge/index.ts';
import type { Judged, Story } from './model.ts';

type Counts = NonNullable<Evidence['counts']>;

/** What of a verdict is drawn. */
interface Compared {
  judged: Judged;
  about: string;
  counts: Counts;
}

const abouts: Partial<Record<Evidence['about'], string>> = {
  errors: 'failed',
  slowness: 'slow',
  probes: 'own requests that failed',
};

/** How many of the sessions had trouble at each verdict, new beside old, as a table of bars. Empty where none had. */
export function comparisonChart({ verdicts }: Story): string {
  const all = verdicts.flatMap(compared);
  const widest = Math.max(0, ...all.flatMap(({ counts }) => [share(counts.candidate), share(counts.stable)]));
  if (widest === 0) return '';
  return `<table class="bars">${all.map((one) => rowsOf(one, widest)).join('\n')}</table>`;
}

/** Of the evidence that has counts, what proved harm, or else what is told of errors. */
function compared(judged: Judged): Compared[] {
  const counted = judged.evidence.filter(({ counts }) => counts !== null);
  const chosen =
    counted.find(({ says }) => says === 'harm') ??
    counted.find(({ about }) => about === 'errors') ??
    counted[0];
  if (!chosen?.counts) return [];
  return [{ judged, about: abouts[chosen.about] ?? '', counts: chosen.counts }];
}

function rowsOf({ judged, about, counts }: Compared, widest: number): string {
  const head = `<th rowspan="2" scope="rowgroup">at ${judged.weightPercent} %<small>${about}</small></th>`;
  const tone = judged.verdict === 'failed' ? 'bad' : 'new';
  return [
    `<tbody><tr>${head}${cells('new', { count: counts.candidate, tone, widest })}</tr>`,
    `<tr>${cells('old', { count: counts.stable, tone: 'old', widest })}</tr></tbody>`,
  ].join('\n');
}

function cells(
  name: string,
  { count, tone, widest }: { count: Counts['candidate']; tone: string; widest: number },
): string {
  const width = Math.round((share(count) / widest) * 1_000) / 10;
  const bar = width === 0 ? '' : `<i class="${tone}" style="width:${width}%"></i>`;
  return `<td>${name}</td><td>${bar}</td><td>${percent(share(count))}</td><td>${told(count)}</td>`;
}

function share({ bad, of }: Counts['candidate']): number {
  return of === 0 ? 0 : bad / of;
}

function percent(value: number): string {
  return `${Number((value * 100).toPrecision(2))} %`;
}

function told({ bad, of }: Counts['candidate']): string {
  return `${grouped(bad)} of ${grouped(of)}`;
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en');
}
