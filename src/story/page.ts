import { trafficChart } from './chart.ts';
import { comparisonChart } from './comparison-chart.ts';
import { escapeHtml } from './escape.ts';
import type { Change, FailedRequest, Moment, Sequel, Story } from './model.ts';
import { clock, headline, lengthText, nextCommands, requestTexts, stamp } from './words.ts';

/** One page that needs nothing else: no script, no other file, nothing from elsewhere. */
export function storyPage(story: Story, nowMs: number): string {
  const title = `${story.rollout}: ${story.app} in ${story.environment}, ${story.outcome}`;
  const comparison = comparisonChart(story);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${pageStyle}</style>
</head>
<body class="${story.outcome.replace(' ', '-')}">
<h1>${escapeHtml(headline(story))}</h1>
${facts(story, nowMs)}
${trafficChart(story, nowMs)}
${section('What happened', moments(story.moments, story.requestedAtMs))}
${comparison === '' ? '' : section('Sessions that had trouble', comparison)}
${story.requests.length > 0 ? section('Its last requests that failed', requests(story.requests)) : ''}
${story.logTail.length > 0 ? section('Last lines of its log', `<pre>${escapeHtml(story.logTail.join('\n'))}</pre>`) : ''}
${story.change ? section('What it changed', changed(story.change)) : ''}
${story.sequels.length > 0 ? section('What came of it', sequels(story.sequels)) : ''}
${section('Where to look next', next(story))}
</body>
</html>
`;
}

function facts(story: Story, nowMs: number): string {
  const rows: [string, string][] = [
    ['Why', story.reason],
    ['Release', `${story.commit.slice(0, 8)} “${story.title}”`],
    ['Asked for by', story.actor],
    ['Began', `${stamp(story.requestedAtMs)} UTC`],
    ['Took', lengthText((story.endedAtMs ?? nowMs) - story.requestedAtMs)],
  ];
  const told = rows.filter(([, value]) => value !== '');
  return `<dl>${told.map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`).join('')}</dl>`;
}

function section(title: string, body: string): string {
  return `<h2>${title}</h2>\n${body}`;
}

function moments(all: readonly Moment[], startMs: number): string {
  const rows = all.map(
    ({ atMs, tone, says, notes }) =>
      `<tr class="${tone}"><td><time datetime="${stamp(atMs).replace(' ', 'T')}Z">${clock(atMs)}</time></td><td>+${lengthText(atMs - startMs)}</td><td>${escapeHtml(says)}${notesOf(notes)}</td></tr>`,
  );
  return `<table class="moments">${rows.join('\n')}</table>`;
}

function notesOf(notes: readonly string[]): string {
  return notes.length === 0 ? '' : `<ul>${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('')}</ul>`;
}

function requests(all: readonly FailedRequest[]): string {
  const rows = all.map((request) => {
    const [when = '', what = '', ...rest] = requestTexts(request).map(escapeHtml);
    return `<tr><td>${when}</td><td><code>${what}</code></td>${rest.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  const heads = ['When (UTC)', 'Request', 'Answer', 'Took', 'Copy'].map(
    (head) => `<th scope="col">${head}</th>`,
  );
  return `<div class="wide"><table class="requests"><tr>${heads.join('')}</tr>${rows.join('\n')}</table></div>`;
}

function next(story: Story): string {
  return `<ul>${nextCommands(story)
    .map((command) => `<li><code>${escapeHtml(command)}</code></li>`)
    .join('')}</ul>`;
}

function changed({ base, commits, files, moreCommits, moreFiles }: Change): string {
  const lines = commits.map(
    ({ commit, title, author }) =>
      `<li><code>${commit.slice(0, 8)}</code> ${escapeHtml(title)} <small>${escapeHtml(author)}</small></li>`,
  );
  const rows = files.map(
    ({ path, added, removed }) =>
      `<tr><td><code>${escapeHtml(path)}</code></td><td class="good">${added === null ? 'binary' : `+${added}`}</td><td class="bad">${removed === null ? '' : `−${removed}`}</td></tr>`,
  );
  return [
    `<p>Since <code>${base.slice(0, 8)}</code>:</p>`,
    `<ul>${lines.join('')}${more(moreCommits, 'commits', 'li')}</ul>`,
    `<table>${rows.join('')}</table>${more(moreFiles, 'files', 'p')}`,
  ].join('\n');
}

function more(count: number, what: string, element: string): string {
  return count === 0 ? '' : `<${element}>and ${count} more ${what}</${element}>`;
}

function sequels(all: readonly Sequel[]): string {
  const lines = all.map(
    ({ rollout, kind, title, actor, outcome }) =>
      `<li><code>${escapeHtml(rollout)}</code> ${kind} of “${escapeHtml(title)}” by ${escapeHtml(actor)}: ${outcome}</li>`,
  );
  return `<ol>${lines.join('')}</ol>`;
}

/** Light and dark, for every page of this kind. */
export const pageStyle = `
:root { color-scheme: light dark; --good: light-dark(#14723a, #5fd08a); --bad: light-dark(#b3261e, #ff8a80);
  --dim: light-dark(#5b6470, #9aa4b2); --line: light-dark(#d7dce2, #363d47); --share: light-dark(#2457c5, #7fa8ff); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; line-height: 1.3; border-left: 5px solid var(--dim); padding-left: .7rem; }
.succeeded h1 { border-color: var(--good); } .failed h1, .aborted h1 { border-color: var(--bad); }
h2 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; } dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; } td { padding: .12rem 1rem .12rem 0; vertical-align: top; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
th { text-align: left; font-weight: 500; color: var(--dim); padding: .12rem 1rem .12rem 0; vertical-align: top; } th small { display: block; }
.moments td:nth-child(-n+2), .requests td:first-child { color: var(--dim); white-space: nowrap; }
.moments .good td:last-child, td.good { color: var(--good); } .moments .bad td:last-child, td.bad { color: var(--bad); }
td.good, td.bad { white-space: nowrap; }
.moments ul { margin: .1rem 0 .4rem; padding-left: 1.1rem; color: CanvasText; font-size: 14px; }
.requests :is(td, th) { white-space: nowrap; } .wide { overflow-x: auto; }
.bars { width: 100%; } .bars tbody + tbody tr:first-child > * { padding-top: .7rem; } .bars td { white-space: nowrap; } .bars th { white-space: nowrap; color: inherit; }
.bars td:nth-last-child(3) { width: 100%; vertical-align: middle; } .bars td:nth-last-child(-n+2) { text-align: right; } .bars td:last-child { color: var(--dim); padding-right: 0; }
.bars i { display: block; height: .7rem; min-width: 2px; border-radius: 0 3px 3px 0; background: var(--share); } .bars i.old { background: var(--dim); } .bars i.bad { background: var(--bad); }
pre { overflow-x: auto; padding: .7rem; border: 1px solid var(--line); border-radius: 6px; font-size: 13px; }
small { color: var(--dim); }
@media (max-width: 34rem) { .moments td:nth-child(2) { display: none; } }
svg { display: block; width: 100%; min-width: 36rem; height: auto; margin-top: 1rem; } svg text { font-size: 11px; fill: var(--dim); }
svg .grid { stroke: var(--line); } svg .share { fill: none; stroke: var(--share); stroke-width: 2.5; }
svg line.bad { stroke: var(--bad); stroke-dasharray: 4 3; } svg line.good { stroke: var(--good); stroke-dasharray: 1 5; }
svg circle { fill: Canvas; stroke: var(--share); stroke-width: 2.5; } svg circle.bad { fill: var(--bad); stroke: var(--bad); } svg circle.good { fill: var(--good); stroke: var(--good); }
svg text.bad { fill: var(--bad); } svg text.good { fill: var(--good); }
`;
