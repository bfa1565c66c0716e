import type { RampView } from '../../wiring/index.ts';
import { harmless } from './text.ts';
import { age, left } from './time.ts';

/** Where a ramp stands, and what the judge says of it. */
export function rampLines(view: RampView, nowMs: number): string[] {
  const { flag, variant, by, startedAtMs, word } = view;
  const began = `begun ${age(nowMs - startedAtMs)} ago by ${harmless(by)}`;
  return [`${harmless(flag)} → ${harmless(variant)}: ${stateText(view)}, ${began}`, `  ${harmless(word)}`];
}

function stateText({ state, percent, steps, leftMs }: RampView): string {
  const step = `step ${percent === null ? 0 : steps.indexOf(percent) + 1} of ${steps.length}`;
  if (state === 'setting') return `goes to ${percent} %, ${step}`;
  if (state === 'holding') return `${percent} %, ${step}, ${left(leftMs ?? 0)}`;
  if (state === 'returning') return 'goes back to what it was';
  return state === 'done' ? `done at ${percent} %` : state;
}
