import type { StoredEvent } from '../../flow/index.ts';
import type { AuditReport } from '../../store/index.ts';
import { renderTable } from './table.ts';
import { harmless, paint, type Look } from './text.ts';

/** The verdict on each chain. Problems are findings and are printed apart. */
export function auditPage(report: AuditReport, look: Look): string[] {
  const lines = report.chains.map(({ verdict, message }) =>
    verdict.kind === 'intact'
      ? `${paint(look, 'green', '✓')} ${message}`
      : `${paint(look, 'red', '✗')} ${message}`,
  );
  const total = report.chains.length === 1 ? 'one chain' : `${report.chains.length} chains`;
  return [
    ...lines,
    report.intact ? `${total}: nothing was changed, removed or cut off` : 'the log is not as it was written',
  ];
}

/** Events, oldest first. */
export function eventsPage(events: readonly StoredEvent[], look: Look): string[] {
  if (events.length === 0) return ['no event yet'];
  const heads = ['WHEN', 'CHAIN', 'NO', 'WHO', 'WHAT', 'FACTS'];
  const rows = events.map((event) => [
    new Date(event.atMs)
      .toISOString()
      .replace('T', ' ')
      .replace(/\.\d+Z$/, 'Z'),
    event.chain,
    String(event.sequence),
    harmless(event.actor),
    event.type,
    facts(event.data),
  ]);
  return renderTable({ heads, rows }, look);
}

function word(value: unknown): string {
  return typeof value === 'string' && /^\S+$/.test(value) ? value : JSON.stringify(value);
}

const longestFacts = 80;

function facts(data: StoredEvent['data']): string {
  const text =
    data !== null && typeof data === 'object' && !Array.isArray(data)
      ? Object.entries(data)
          .filter(([, value]) => value !== null && typeof value !== 'object')
          .map(([name, value]) => `${name}=${word(value)}`)
          .join(' ')
      : JSON.stringify(data);
  const safe = harmless(text);
  return safe.length > longestFacts ? `${safe.slice(0, longestFacts - 1)}…` : safe;
}
