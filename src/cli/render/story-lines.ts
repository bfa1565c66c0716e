import {
  headline,
  lengthText,
  nextCommands,
  requestTexts,
  stamp,
  type Change,
  type Story,
} from '../../story/index.ts';
import { short } from './marks.ts';
import { harmless, paint, type Look, type Style } from './text.ts';
import { renderTable } from './table.ts';

const tones: Record<Story['moments'][number]['tone'], Style | null> = {
  plain: null,
  good: 'green',
  bad: 'red',
};

/** A rollout for somebody who was not there. */
export function storyLines(story: Story, look: Look, nowMs: number): string[] {
  const lasted = lengthText((story.endedAtMs ?? nowMs) - story.requestedAtMs);
  const facts = `${story.rollout}  ${short(story.commit)}  by ${story.actor}, ${stamp(story.requestedAtMs)} UTC, ${lasted}`;
  return [
    paint(look, 'bold', harmless(headline(story))),
    paint(look, 'dim', harmless(facts)),
    ...(story.reason === '' ? [] : [harmless(story.reason)]),
    '',
    ...momentLines(story, look),
    ...(story.requests.length > 0 ? requestLines(story, look) : []),
    ...titled(look, 'last lines of its log', story.logTail.map(harmless)),
    ...(story.change ? changeLines(story.change, look) : []),
    ...titled(
      look,
      'what came of it',
      story.sequels.map(
        ({ rollout, kind, title, actor, outcome }) =>
          `${rollout}  ${kind} of “${harmless(title)}” by ${actor}: ${outcome}`,
      ),
    ),
    '',
    paint(look, 'dim', `next: ${nextCommands(story).join(', or: ')}`),
  ];
}

function momentLines({ moments, requestedAtMs }: Story, look: Look): string[] {
  const waits = moments.map(({ atMs }) => `+${lengthText(atMs - requestedAtMs)}`);
  const width = Math.max(0, ...waits.map(({ length }) => length));
  return moments.flatMap(({ says, tone, notes }, index) => {
    const style = tones[tone];
    const said = harmless(says);
    const wait = paint(look, 'dim', (waits[index] ?? '').padStart(width));
    return [
      `${wait}  ${style === null ? said : paint(look, style, said)}`,
      ...notes.map((note) => `${' '.repeat(width + 4)}${harmless(note)}`),
    ];
  });
}

function requestLines({ requests }: Story, look: Look): string[] {
  const rows = requests.map((request) => requestTexts(request).map(harmless));
  return titled(
    look,
    'its last requests that failed',
    renderTable({ heads: ['WHEN', 'REQUEST', 'ANSWER', 'TOOK', 'COPY'], rows }, look),
  );
}

function changeLines({ base, commits, files, moreCommits, moreFiles }: Change, look: Look): string[] {
  const rows = files.map(({ path, added, removed }) => [
    harmless(path),
    added === null ? 'binary' : paint(look, 'green', `+${added}`),
    removed === null ? '' : paint(look, 'red', `-${removed}`),
  ]);
  return titled(look, `what it changed since ${short(base)}`, [
    ...commits.map(
      ({ commit, title, author }) => `${short(commit)} ${harmless(title)} (${harmless(author)})`,
    ),
    ...more(moreCommits, 'commits'),
    ...renderTable({ heads: ['FILE', 'ADDED', 'REMOVED'], rows }, look),
    ...more(moreFiles, 'files'),
  ]);
}

function more(count: number, what: string): string[] {
  return count === 0 ? [] : [`and ${count} more ${what}`];
}

function titled(look: Look, title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', paint(look, 'bold', title), ...lines];
}
