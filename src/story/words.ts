import type { FailedRequest, Story } from './model.ts';

const ended: Record<Story['outcome'], string> = {
  succeeded: 'went to',
  failed: 'did not get to stay in',
  aborted: 'was stopped on its way to',
  superseded: 'made way before it reached',
  'under way': 'is on its way to',
};

/** One sentence for the whole: `“Faster search” did not get to stay in shop/production`. */
export function headline({ title, kind, outcome, app, environment }: Story): string {
  const where = `${app}/${environment}`;
  if (kind === 'rollback' && outcome === 'succeeded') return `${where} went back to “${title}”`;
  return `“${title}” ${ended[outcome]} ${where}`;
}

const minuteMs = 60_000;

/** `0.4 s`, `42 s`, `3 min 2 s`, `1 h 4 min`. */
export function lengthText(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (ms < 10_000) return `${Math.round(seconds * 10) / 10} s`;
  if (ms < minuteMs) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(ms / minuteMs);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// Sweden writes times as the standard does.
const stamps = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone: 'UTC' });

/** `2026-01-05 14:03:22`, by the clock of the world. */
export function stamp(atMs: number): string {
  return stamps.format(atMs);
}

/** `14:03:22`, by the clock of the world. */
export function clock(atMs: number): string {
  return stamp(atMs).slice(-8);
}

/** `14:03:22`, `GET /search`, `500`, `41 ms`, `r7-web-1`: the cells of a table. */
export function requestTexts({ atMs, method, path, status, latencyMs, copy }: FailedRequest): string[] {
  const answer = status === null ? 'broke off' : String(status);
  const took = latencyMs < 1_000 ? `${Math.round(latencyMs)} ms` : lengthText(latencyMs);
  return [clock(atMs), `${method} ${path}`, answer, took, copy ?? ''];
}

/** Where somebody looks next. */
export function nextCommands({ app, environment, outcome }: Story): string[] {
  const logs = `slipway logs ${environment} --app ${app}`;
  if (outcome === 'under way') return ['slipway status --watch', `${logs} --follow`];
  return outcome === 'succeeded' ? ['slipway status'] : ['slipway status', logs];
}
