import { escapeHtml } from './escape.ts';
import type { Judged, Moment, Share, Story } from './model.ts';
import { verdictMark, verdictText } from './verdicts.ts';
import { clock } from './words.ts';

const width = 720;
const height = 160;
const margin = { left: 44, right: 12, top: 14, bottom: 24 };
const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };

/** The candidate's share of the traffic over time, and what spoke for or against it, as an SVG. Empty without traffic. */
export function trafficChart(story: Story, nowMs: number): string {
  const { shares, requestedAtMs } = story;
  if (shares.length === 0) return '';
  const endMs = Math.max(story.endedAtMs ?? nowMs, requestedAtMs + 1);
  const x = (atMs: number) =>
    round(margin.left + (inner.width * (atMs - requestedAtMs)) / (endMs - requestedAtMs));
  const y = (percent: number) => round(margin.top + inner.height * (1 - percent / 100));
  const grid = [0, 50, 100].map(
    (percent) =>
      `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${y(percent)}" y2="${y(percent)}"/>` +
      `<text x="${margin.left - 6}" y="${y(percent) + 4}" text-anchor="end">${percent} %</text>`,
  );
  const signs = story.moments.filter(({ tone }) => tone !== 'plain').map((moment) => sign(moment, x));
  const marks = story.verdicts.map((judged) => mark(judged, { x, y }));
  return [
    '<div class="wide">',
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Share of the traffic over time">`,
    ...grid,
    `<path class="share" d="${steps(shares, { x, y, endMs, startMs: requestedAtMs })}"/>`,
    ...signs,
    ...marks,
    `<text x="${margin.left}" y="${height - 6}">${clock(requestedAtMs)}</text>`,
    `<text x="${width - margin.right}" y="${height - 6}" text-anchor="end">${clock(endMs)}</text>`,
    '</svg></div>',
  ].join('\n');
}

interface Axes {
  x: (atMs: number) => number;
  y: (percent: number) => number;
  startMs: number;
  endMs: number;
}

/** Flat between two changes: a share holds until the next one. */
function steps(shares: readonly Share[], { x, y, startMs, endMs }: Axes): string {
  const path = [`M${x(startMs)} ${y(0)}`];
  for (const { atMs, weightPercent } of shares) path.push(`H${x(atMs)}`, `V${y(weightPercent)}`);
  return [...path, `H${x(endMs)}`].join('');
}

function sign({ atMs, tone, says }: Moment, x: Axes['x']): string {
  const title = `<title>${escapeHtml(`${clock(atMs)} ${says}`)}</title>`;
  return `<line class="${tone}" x1="${x(atMs)}" x2="${x(atMs)}" y1="${margin.top}" y2="${margin.top + inner.height}">${title}</line>`;
}

/** A dot where the judge spoke, with its word beside it where there is room. */
function mark(judged: Judged, { x, y }: Pick<Axes, 'x' | 'y'>): string {
  const { short, tone } = verdictMark(judged);
  const [says] = verdictText(judged);
  const at = { x: x(judged.atMs), y: y(judged.weightPercent) };
  const below = judged.weightPercent > 50 ? 18 : -9;
  return (
    `<circle class="${tone}" cx="${at.x}" cy="${at.y}" r="5"><title>${escapeHtml(says)}</title></circle>` +
    `<text class="${tone}" x="${at.x - 8}" y="${at.y + below}" text-anchor="end">${short}</text>`
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
