import type { HistoryEntry } from '../../wiring/index.ts';
import { mark, rolloutStanding, short } from './marks.ts';
import { renderTable } from './table.ts';
import { harmless, paint, type Look } from './text.ts';
import { age, took } from './time.ts';

/** Rollouts that were, newest first, and of those that did not succeed the reason. */
export function historyPage(entries: readonly HistoryEntry[], look: Look, nowMs: number): string[] {
  if (entries.length === 0) return ['no rollout yet'];
  const heads = ['ROLLOUT', 'WHEN', 'ENVIRONMENT', 'WHAT', 'REVISION', 'COMMIT', 'BY', 'TOOK', 'RESULT'];
  const rows = entries.map((entry) => [
    entry.id,
    `${age(nowMs - entry.requestedAtMs)} ago`,
    `${entry.app}/${entry.environment}`,
    entry.kind,
    entry.revision ?? '',
    `${short(entry.commit)} ${cut(harmless(entry.title))}`,
    entry.actor,
    entry.finishedAtMs === null ? '' : took(entry.finishedAtMs - entry.requestedAtMs),
    `${mark(look, rolloutStanding(entry.state), nowMs)} ${entry.state}`,
  ]);
  return [...renderTable({ heads, rows }, look), ...reasons(entries, look)];
}

function reasons(entries: readonly HistoryEntry[], look: Look): string[] {
  const lines = entries
    .filter(({ state }) => state === 'failed' || state === 'aborted' || state === 'superseded')
    .map(({ id, revision, state, detail }) => {
      const name = paint(look, 'dim', `${id}  ${revision ?? ''} ${state}`.trimEnd());
      return `${name}: ${harmless(detail)}`;
    });
  return lines.length === 0 ? [] : ['', ...lines];
}

const longestTitle = 40;

function cut(title: string): string {
  return title.length > longestTitle ? `${title.slice(0, longestTitle - 1)}…` : title;
}
