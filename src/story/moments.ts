import { formatDuration } from '../app/index.ts';
import type { Json, StoredEvent } from '../flow/index.ts';
import type { Moment, Tone } from './model.ts';
import { evidenceText, judgedOf, verdictText } from './verdicts.ts';

type Data = { [key: string]: Json };
type Telling = [says: string, tone?: Tone];

const isOver = 'its copies had ended, and what served before it goes on';

/** What each kind of event says to somebody who was not there. */
const tellings: Record<string, (data: Data, who: string) => Telling> = {
  'rollout.requested': ({ kind, title }, who) => [
    kind === 'rollback' ? `${who} asked to go back to “${text(title)}”` : `${who} asked for “${text(title)}”`,
  ],
  'rollout.started': ({ revision, from, steps }) => [
    `${text(revision)} began ${from === null ? 'where nothing ran' : `beside ${text(from)}`}${stepsText(steps)}`,
  ],
  'rollout.waiting': (data) => [`it waited for ${waits(data['for'])}`],
  'rollout.cleared': () => ['its wait was over'],
  'task.succeeded': ({ task }) => [`the task ${text(task)} succeeded`],
  'stable.ill': ({ revision, reason }) => [`${text(revision)} was not well by then: ${text(reason)}`, 'bad'],
  'traffic.shifted': ({ revision, weightPercent }) => [
    weightPercent === 0
      ? `${text(revision)} was shown to testers`
      : `${text(revision)} got ${text(weightPercent)} % of the traffic`,
  ],
  'flags.left': ({ flags }) => [`somebody else had changed ${listed(flags, ', ')}, and that was left so`],
  'check.passed': ({ check, asks }) => [`the check ${text(check)} passed (${text(asks)})`, 'good'],
  'rollout.holding': ({ weightPercent, ms, ...data }) => [
    data['for'] === 'timer'
      ? `it was to stay at ${text(weightPercent)} % for ${formatDuration(Number(ms))}`
      : `it was to stay at ${text(weightPercent)} % until somebody approves`,
  ],
  'rollout.unproven': ({ weightPercent, reason }) => [
    `nothing spoke against it at ${text(weightPercent)} %, and nothing proved it: ${text(reason)}`,
  ],
  'rollout.undecided': ({ weightPercent, policy, reason }) => [
    `it stays at ${text(weightPercent)} % ${policy === 'ask' ? 'until somebody decides' : 'until it is proven'}: ${text(reason)}`,
  ],
  'rollout.approved': (_, who) => [`${who} approved it`],
  'rollout.promoted': ({ full }, who) => [
    full === true ? `${who} let it go on to the end` : `${who} let it go on`,
  ],
  'rollout.paused': (_, who) => [`${who} paused it`],
  'rollout.resumed': (_, who) => [`${who} let it go on`],
  'rollout.rejected': (_, who) => [`${who} rejected it`, 'bad'],
  'rollout.aborting': (_, who) => [`${who} aborted it`, 'bad'],
  'rollout.reverting': ({ weightPercent, reason }) => [
    `it was taken back${weightPercent === 0 ? ' before it had traffic' : ` from ${text(weightPercent)} %`}${reason === null ? '' : `: ${text(reason)}`}`,
    'bad',
  ],
  'rollout.succeeded': ({ reason }) => [`it was done: ${text(reason)}`, 'good'],
  'rollout.failed': () => [isOver],
  'rollout.aborted': () => [isOver],
  'rollout.superseded': ({ reason }) => [`it made way: ${text(reason)}`],
  'flags.changed': ({ rollout, changes }, who) => [
    `${rollout === undefined ? `${who} changed flags` : 'it turned flags'}: ${listed(changes, '; ')}`,
  ],
  'flags.ramp-started': ({ flag, variant }, who) => [
    `${who} began to ramp ${text(flag)} to ${text(variant)}`,
  ],
  'flags.ramp-abort': ({ flag }, who) => [`${who} took the ramp of ${text(flag)} back`],
  'flags.ramp-promote': ({ flag }, who) => [`${who} let the ramp of ${text(flag)} go to its end`],
  'flags.ramp-ended': ({ flag, end, reason }) => [
    `the ramp of ${text(flag)} is over, ${text(end)}: ${text(reason)}`,
  ],
};

/** An event as a moment. One of a kind that is not known here, as of a newer version, is told by its name. */
export function momentOf(event: StoredEvent): Moment {
  const { type, actor, atMs, data } = event;
  if (type === 'rollout.judged') return verdictMoment(event);
  const [says, tone = 'plain'] = tellings[type]?.(data as Data, actor) ?? [type];
  return { atMs, who: actor, says, tone, notes: endsOf(data as Data) };
}

/** Copies that had ended by themselves when it was taken back. */
function endsOf({ ends }: Data): string[] {
  return (Array.isArray(ends) ? (ends as Data[]) : []).map(({ copy, times, exitCode }) => {
    const often = times === 1 ? '' : ` ${text(times)} times`;
    const code =
      exitCode === null ? '' : `${times === 1 ? ', with' : ', at last with'} exit code ${text(exitCode)}`;
    return `${text(copy)} had ended by itself${often}${code}`;
  });
}

function verdictMoment(event: StoredEvent): Moment {
  const judged = judgedOf(event);
  const [says, tone] = verdictText(judged);
  return { atMs: event.atMs, who: event.actor, says, tone, notes: judged.evidence.map(evidenceText) };
}

function stepsText(steps: Json | undefined): string {
  if (!Array.isArray(steps) || steps.length < 2) return '';
  return `, to get ${listed(steps, ', ')} % of the traffic`;
}

const waitsFor: Record<string, string> = {
  approval: 'an approval',
  timer: 'its timer',
  window: 'a deployment window',
};

function listed(value: Json | undefined, between: string): string {
  return Array.isArray(value) ? value.map((one) => text(one)).join(between) : '';
}

function waits(value: Json | undefined): string {
  const all = Array.isArray(value) ? value.map((one) => text(one)) : [];
  return all.map((one) => waitsFor[one] ?? one).join(' and ');
}

function text(value: Json | undefined): string {
  if (value === null || value === undefined) return 'nothing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
