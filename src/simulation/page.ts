import { escapeHtml, htmlPage } from '../story/index.ts';
import { lengthOf } from './plan.ts';
import type { CandidateReport, SimulationReport } from './report.ts';
import {
  judgeText,
  minutesText,
  percent,
  planText,
  rolloutsText,
  shareText,
  thousands,
  trafficText,
} from './words.ts';

/** What the judge would do in an environment, as one page that needs nothing else. */
export function simulationPage(report: SimulationReport): string {
  const { app, environment, candidates, rollouts, seed } = report;
  const title = `What the judge would do in ${app}/${environment}`;
  const body = `<h1>${escapeHtml(title)}</h1>
<dl>${facts(report)}</dl>
${chart(report)}
<table><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr>
${candidates.map(row).join('\n')}</table>
<p><small>${rolloutsText(rollouts)}, with users drawn by chance from seed ${seed}. In brackets: where the true share is, with 95 % confidence.</small></p>`;
  return htmlPage({ title, body, style });
}

function facts({ plan, judge, traffic }: SimulationReport): string {
  const rows = [
    ['Rollout', planText(plan)],
    ['Judge', judgeText(judge)],
    ['Traffic', trafficText(traffic)],
  ];
  return rows.map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value ?? '')}</dd>`).join('');
}

const heads = ['', 'New revision', 'Stopped', 'After, on average', 'Would take, on average'];

function row({ candidate, stopped, stopMs, stopSessions, needs }: CandidateReport, index: number): string {
  const after =
    stopMs === null ? '' : `${minutesText(stopMs / 60_000)}, ${thousands(stopSessions ?? 0)} sessions`;
  const takes = needs === null ? '' : `${thousands(needs.sessions)} sessions, ${minutesText(needs.minutes)}`;
  const cells = [candidate.name, shareText(stopped), after, takes];
  const key = `<svg class="key" viewBox="0 0 24 8"><path class="line${index % lines}" d="M0 4H24"/></svg>`;
  return `<tr><td>${key}</td>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`;
}

const lines = 5;
const width = 720;
const height = 240;
const margin = { left: 44, right: 12, top: 10, bottom: 24 };
const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };

/** The share of rollouts that was stopped by each moment, a line for each candidate. */
function chart({ plan, candidates }: SimulationReport): string {
  const lengthMs = lengthOf(plan);
  const x = (part: number) => round(margin.left + inner.width * part);
  const y = (share: number) => round(margin.top + inner.height * (1 - share));
  const grid = [0, 0.5, 1].map(
    (share) =>
      `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${y(share)}" y2="${y(share)}"/>` +
      `<text x="${margin.left - 6}" y="${y(share) + 4}" text-anchor="end">${percent(share)}</text>`,
  );
  let atMs = 0;
  const steps = plan.steps.map(({ weightPercent, holdMs }) => {
    const at = x(atMs / lengthMs);
    atMs += holdMs;
    return `<line class="grid" x1="${at}" x2="${at}" y1="${margin.top}" y2="${height - margin.bottom}"/><text x="${at + 3}" y="${height - 8}">${weightPercent} %</text>`;
  });
  const paths = candidates.map(({ candidate, overTime }, index) => {
    const points = overTime.map((share, part) => `L${x((part + 1) / overTime.length)} ${y(share)}`);
    return `<path class="line${index % lines}" d="M${x(0)} ${y(0)}${points.join('')}"><title>${escapeHtml(candidate.name)}</title></path>`;
  });
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Share of the rollouts that was stopped, over time">`,
    ...grid,
    ...steps,
    ...paths,
    `<text x="${width - margin.right}" y="${height - 8}" text-anchor="end">${minutesText(lengthMs / 60_000)}</text>`,
    '</svg>',
  ].join('\n');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

const style = `
th { text-align: left; font-weight: 600; padding: .12rem 1rem .12rem 0; } svg.key { width: 24px; min-width: 0; margin: 0; } td:nth-child(n+3) { white-space: nowrap; }
svg path { fill: none; stroke-width: 2.5; } .line0 { stroke: var(--good); } .line1 { stroke: var(--bad); }
.line2 { stroke: var(--share); stroke-dasharray: 7 3; } .line3 { stroke: light-dark(#8a4fbf, #c79bf2); stroke-dasharray: 2 3; }
.line4 { stroke: var(--dim); }
`;
