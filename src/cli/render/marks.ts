import type { JobViewState, RolloutViewState, StepView } from '../../wiring/index.ts';
import { unreachable } from '../../diagnostics/index.ts';
import { paint, type Look } from './text.ts';

/** What a line is about, for its mark and for what may be left out of a short screen. */
export type Standing = 'waiting' | 'active' | 'good' | 'bad' | 'skipped';

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 100;

/** The sign before a line; `nowMs` turns the spinner. */
export function mark(look: Look, standing: Standing, nowMs: number): string {
  switch (standing) {
    case 'waiting':
      return paint(look, 'dim', '○');
    case 'active':
      return paint(look, 'cyan', spinner[Math.floor(nowMs / frameMs) % spinner.length] ?? '●');
    case 'good':
      return paint(look, 'green', '✓');
    case 'bad':
      return paint(look, 'red', '✗');
    case 'skipped':
      return paint(look, 'dim', '-');
    default:
      return unreachable(standing);
  }
}

export function jobStanding(state: JobViewState | StepView['state']): Standing {
  switch (state) {
    case 'pending':
    case 'blocked':
    case 'queued':
      return 'waiting';
    case 'running':
    case 'parked':
      return 'active';
    case 'success':
      return 'good';
    case 'failure':
    case 'cancelled':
      return 'bad';
    case 'skipped':
      return 'skipped';
    default:
      return unreachable(state);
  }
}

export function rolloutStanding(state: RolloutViewState): Standing {
  switch (state) {
    case 'queued':
    case 'waiting':
      return 'waiting';
    case 'preparing':
    case 'migrating':
    case 'checking':
    case 'starting':
    case 'shifting':
    case 'holding':
    case 'paused':
    case 'draining':
    case 'workers':
    case 'baking':
    case 'reverting':
      return 'active';
    case 'succeeded':
      return 'good';
    case 'failed':
    case 'aborted':
      return 'bad';
    case 'superseded':
      return 'skipped';
    default:
      return unreachable(state);
  }
}

/** Whether a rollout has come to its end. */
export function rolloutEnded(state: RolloutViewState): boolean {
  const standing = rolloutStanding(state);
  return standing !== 'waiting' && standing !== 'active';
}

/** First seven digits, as git shows them. */
export function short(commit: string): string {
  return commit.slice(0, 7);
}

/** `refs/heads/main` → `main` */
export function branchOf(ref: string): string {
  return ref.replace(/^refs\/(?:heads|tags)\//, '');
}
