import { trafficChart } from './chart.ts';
import { comparisonChart } from './comparison-chart.ts';
import { escapeHtml } from './escape.ts';
import { htmlPage } from './html-page.ts';
import type { Change, FailedRequest, Moment, Sequel, Story } from './model.ts';
import { clock, headline, lengthText, nextCommands, requestTexts, stamp } from './words.ts';

/** What happened in a rollout, as one page that needs nothing else. */
export function storyPage(story: Story, nowMs: number): string {
  const comparison = comparisonChart(story);
  const body = `<h1>${escapeHtml(headline(story))}</h1>
${facts(story, nowMs)}
${trafficChart(story, nowMs)}
${section('What happened', moments(story.moments, story.requestedAtMs))}
${comparison === '' ? '' : section('Sessions that had trouble', comparison)}
${story.requests.length > 0 ? section('Its last requests that failed', requests(story.requests)) : ''}
${story.logTail.length > 0 ? section('Last lines of its log', `<pre>${escapeHtml(story.logTail.join('\n'))}</pre>`) : ''}
${story.change ? section('What it changed', changed(story.change)) : ''}
${story.sequels.length > 0 ? section('What came of it', sequels(story.sequels)) : ''}
${section('Where to look next', next(story))}`;
  const title = `${story.rollout}: ${story.app} in ${story.environment}, ${story.outcome}`;
  return htmlPage({ title, body, look: story.outcome.replace(' ', '-') });
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
