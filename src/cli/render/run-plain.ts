import type { LocalJobView, LocalLine, LocalStepView, LocalView } from '../../local/index.ts';
import { labelOf, plainSigns, standingOf } from './run-marks.ts';
import { harmless, headline, type Look, paint } from './text.ts';
import { span } from './time.ts';

/**
 * A local run as lines, for logs and pipes: each with the job's name before it. Remembers what it has said.
 */
export class RunPlain {
  readonly #look: Look;
  #last: LocalView | null = null;
  /** Jobs whose lines stand in a group now. */
  readonly #grouped = new Set<string>();

  constructor(look: Look) {
    this.#look = look;
  }

  /** What changed since the last look. */
  changes(view: LocalView): string[] {
    const before = this.#last;
    this.#last = view;
    return view.runs.flatMap((run) => {
      const known = before?.runs.find(({ id }) => id === run.id);
      return run.jobs.flatMap((job) => {
        const label = labelOf(view, run, job.name);
        return jobChanges(
          known?.jobs.find(({ key }) => key === job.key),
          job,
        ).map((line) => this.#prefixed(label, line));
      });
    });
  }

  /** Lines of logs as they came. */
  lines(view: LocalView, lines: readonly LocalLine[]): string[] {
    return lines.flatMap((line) => {
      const run = view.runs.find(({ id }) => id === line.run);
      const label = run ? labelOf(view, run, line.jobName) : line.jobName;
      const text = this.#text(line);
      return text === null ? [] : [this.#prefixed(label, text)];
    });
  }

  #text({ run, job, stream, text }: LocalLine): string | null {
    const key = `${run}/${job}`;
    if (stream === 'system') return this.#grouped.delete(key) || text !== '' ? harmless(text) : null;
    if (stream === 'out') return `${this.#grouped.has(key) ? '    ' : '  '}${harmless(text)}`;
    const [, name = '', rest = ''] = /^::(\w+)[^:]*::(.*)$/s.exec(text) ?? [];
    if (name === 'endgroup') {
      this.#grouped.delete(key);
      return null;
    }
    if (name !== 'group') return `  ${name}: ${harmless(rest)}`;
    this.#grouped.add(key);
    return `  ▸ ${harmless(rest)}`;
  }

  #prefixed(label: string, text: string): string {
    return `${paint(this.#look, 'cyan', harmless(label))} ${paint(this.#look, 'dim', '|')} ${text}`.trimEnd();
  }
}

function jobChanges(before: LocalJobView | undefined, after: LocalJobView): string[] {
  const steps = after.steps.flatMap((step, index) => stepChanges(before?.steps[index], step));
  if (before?.state === after.state && before.reason === after.reason) return steps;
  const reason = after.reason ?? after.because;
  const why = reason === null ? '' : `: ${headline(reason)}`;
  const sign = plainSigns[standingOf(after.state)];
  if (after.state === 'blocked') return [...steps, `${sign} waits${why}`];
  if (after.finishedAtMs === null) return steps;
  const time = span(after.startedAtMs, after.finishedAtMs, after.finishedAtMs);
  return [...steps, `${sign} ${after.state}${time === '' ? '' : ` in ${time}`}${why}`];
}

function stepChanges(before: LocalStepView | undefined, after: LocalStepView): string[] {
  const standing = standingOf(after.state);
  if (before?.state === after.state || standing === 'waiting' || standing === 'active') return [];
  if (after.state === 'skipped') return [];
  const time = span(after.startedAtMs, after.finishedAtMs, after.startedAtMs ?? 0);
  const forgiven = after.forgiven ? ' (it may fail: continue-on-error)' : '';
  return [`${plainSigns[standing]} ${harmless(after.name)} ${time}`.trimEnd() + forgiven];
}
