import type { JobView, RolloutView, RolloutViewState, ShipView, StepView } from '../../src/wiring/index.ts';
import { seconds, tint, type Narrator } from './narrator.ts';

/** Tells what happens to a ship or a rollout from one view of it to the next, each thing once. */
export interface Teller {
  ship(view: ShipView): void;
  rollout(view: RolloutView): void;
  /** When a rollout was first seen in each of its states, in order. */
  statesOf(rollout: string): [state: RolloutViewState, atMs: number][];
}

/** @param sinceMs - What the times at the lines' beginnings count from. */
export function createTeller(narrator: Narrator, sinceMs: number): Teller {
  const told = new Set<string>();
  const seen = new Map<string, Map<RolloutViewState, number>>();
  const tell = (key: string, text: string) => {
    if (told.has(key)) return;
    told.add(key);
    narrator.say(`${stamp(Date.now() - sinceMs)}  ${text}`);
  };

  function rollout(view: RolloutView): void {
    const key = `${view.id} ${view.state}`;
    const states = seen.get(view.id) ?? new Map<RolloutViewState, number>();
    seen.set(view.id, states);
    if (!states.has(view.state)) states.set(view.state, Date.now());
    const text = sentenceOn(view);
    // A rollout comes to the same state again with another share of traffic, and with another task.
    if (text !== null) tell(`${key} ${text}`, text);
    if (view.state === 'failed' && !told.has(`${key} tail`)) {
      told.add(`${key} tail`);
      for (const line of view.logTail.slice(-3)) narrator.say(quote(line));
    }
  }

  function job(view: JobView, deployed: readonly string[]): void {
    const { name, startedAtMs, finishedAtMs, environment } = view;
    if (finishedAtMs === null || startedAtMs === null) return;
    // What a deploy job does is told by its rollout, if it came to that.
    if (environment !== null && (view.state !== 'failure' || deployed.includes(environment))) return;
    const time = seconds(finishedAtMs - startedAtMs);
    if (view.state === 'success')
      tell(`job ${view.key}`, `${tint('green', '✓')} ${name} ${tint('dim', time)}`);
    if (view.state !== 'failure' || told.has(`job ${view.key}`)) return;
    const step = view.steps.find(({ state }) => state === 'failure');
    const where = step ? `, in step "${step.name}"` : '';
    tell(`job ${view.key}`, `${tint('red', '✗')} ${name} ${tint('dim', time)}${where}`);
    for (const line of [...tellingLines(step), ...(view.reason === null ? [] : [view.reason])])
      narrator.say(quote(line));
  }

  return {
    ship(view) {
      const deployed = view.rollouts.map(({ environment }) => environment);
      for (const run of view.runs) for (const one of run.jobs) job(one, deployed);
      for (const one of view.rollouts) rollout(one);
    },
    rollout,
    statesOf: (id) => [...(seen.get(id) ?? [])],
  };
}

function stamp(ms: number): string {
  return tint('dim', `${(ms / 1000).toFixed(1).padStart(7)} s`);
}

const quotedColumns = 110;

function quote(line: string): string {
  const cut = line.length <= quotedColumns ? line : `${line.slice(0, quotedColumns - 1)}…`;
  return `             ${tint('dim', `| ${cut}`)}`;
}

/** One sentence on a state; null for those that pass unnoticed. */
function sentenceOn(view: RolloutView): string | null {
  const where = tint('cyan', view.environment);
  const revision = view.revision ?? 'the revision';
  switch (view.state) {
    case 'migrating':
      return migrationText(view, where, revision);
    case 'checking':
      return `${where}: ${view.from ?? 'what serves'} is asked whether it is still well after that`;
    case 'holding':
      return `${where}: ${view.weightPercent} % of users are on ${revision}, the others on ${view.from}`;
    case 'starting':
      if (view.kind === 'rollback')
        return `${where}: ${revision}, which stands by, is asked whether it is ready`;
      return view.from === null
        ? `${where}: ${revision} starts`
        : `${where}: ${revision} starts beside ${view.from}, which goes on serving`;
    case 'baking':
      return `${where}: ${revision} is ready and has all traffic; it is watched`;
    case 'reverting':
      return `${where}: ${view.detail.split(':')[0]}`;
    case 'succeeded':
      return `${tint('green', '✓')} ${where}: ${view.detail}`;
    case 'failed':
    case 'aborted':
    case 'superseded':
      return `${tint('red', '✗')} ${where}: ${view.state}: ${view.detail}`;
    case 'queued':
    case 'waiting':
    case 'preparing':
    case 'paused':
    case 'shifting':
    case 'draining':
    case 'workers':
    default:
      return null;
  }
}

function migrationText({ detail }: RolloutView, where: string, revision: string): string | null {
  const task = /^runs the task (\S+)/.exec(detail)?.[1];
  if (task !== undefined) return `${where}: ${task} runs once, in the image of ${revision}`;
  if (!detail.startsWith('runs the')) return null;
  return `${where}: the release command of ${revision} migrates the database`;
}

/** The lines of a failed test that say which and why, of everything that the step printed at the end. */
function tellingLines(step: StepView | undefined): string[] {
  const lines = step?.error?.lastLines.filter((line) => line.trim() !== '') ?? [];
  const marked = lines.filter((line) => /^\s*(✖|not ok)|AssertionError|^\s*[+-] (?!actual)/.test(line));
  const chosen = marked.length > 0 ? marked : lines.slice(-4);
  return [...new Set(chosen.map((line) => line.trim()))].slice(0, 5);
}

/** What goes on right now, in few words. */
export function glimpse(view: ShipView | null): string {
  if (view === null) return 'sends the commit';
  const rolling = view.rollouts.find(({ finishedAtMs }) => finishedAtMs === null);
  if (rolling) return `${rolling.environment} ${rolling.state}: ${rolling.detail}`;
  const jobs = view.runs.flatMap((run) => run.jobs).filter(({ state }) => state === 'running');
  const steps = jobs.map(({ name, steps }) => {
    const step = steps.find(({ state }) => state === 'running');
    return step ? `${name} (${step.name.replace(/^Run /, '')})` : name;
  });
  return steps.join(', ') || 'between two jobs';
}
