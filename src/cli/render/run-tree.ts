import type { LocalJobView, LocalLine, LocalRunView, LocalView } from '../../local/index.ts';
import { mark, short, type Standing } from './marks.ts';
import { fitRows, type ScreenLine } from './fit-rows.ts';
import { standingOf, workflowHead } from './run-marks.ts';
import type { Screen } from './ship-tree.ts';
import { fitTo, harmless, headline, pad, paint, widthOf } from './text.ts';
import { span } from './time.ts';

const widestName = 40;

/**
 * A local run as a tree that fits the screen: jobs, and below those that run their step and the last line that it said.
 *
 * @param lastLines - By run and job key, as `run/job`.
 */
export function runTree(
  view: LocalView,
  screen: Screen,
  lastLines: ReadonlyMap<string, LocalLine>,
): string[] {
  const lines: ScreenLine[] = [
    {
      text: `${paint(screen, 'bold', view.repository)}  ${paint(screen, 'yellow', short(view.commit))}  ${harmless(view.title)}  ${paint(screen, 'dim', span(view.startedAtMs, view.finishedAtMs, screen.nowMs))}`,
      standing: 'head',
    },
    ...view.runs.flatMap((run) => runLines(run, screen, lastLines)),
  ];
  return fitRows(lines, screen.rows).map((line) => fitTo(line, screen.columns));
}

function runLines(
  run: LocalRunView,
  screen: Screen,
  lastLines: ReadonlyMap<string, LocalLine>,
): ScreenLine[] {
  const width = Math.min(widestName, Math.max(...run.jobs.map((job) => widthOf(job.name)), 0));
  const head = workflowHead(run, run.event, screen);
  return [
    { text: head, standing: 'head' },
    ...run.jobs.flatMap((job) => [
      jobLine(job, screen, width),
      ...stepLines(job, screen, lastLines.get(`${run.id}/${job.key}`)),
    ]),
  ];
}

function jobLine(job: LocalJobView, screen: Screen, width: number): ScreenLine {
  const standing = standingOf(job.state);
  const name = pad(fitTo(harmless(job.name), width), width);
  const shown = standing === 'waiting' || standing === 'skipped' ? paint(screen, 'dim', name) : name;
  const time = span(job.startedAtMs, job.finishedAtMs, screen.nowMs).padStart(7);
  const note = paint(screen, 'dim', harmless(noteOf(job)));
  return line(screen, standing, `${shown} ${time}  ${note}`, 1);
}

function noteOf(job: LocalJobView): string {
  if (job.state === 'failure') {
    const step = job.steps.find(({ state, forgiven }) => state === 'failure' && !forgiven);
    if (step) return step.name;
  }
  const why = job.reason ?? job.because;
  if (why !== null) return headline(why);
  if (job.state === 'pending' && job.needs.length > 0) return `after ${job.needs.join(', ')}`;
  if (job.state !== 'running') return '';
  const done = job.steps.filter(({ state }) => !['pending', 'running'].includes(state)).length;
  return job.steps.length === 0 ? '' : `${done} of ${job.steps.length} steps`;
}

function stepLines(job: LocalJobView, screen: Screen, last: LocalLine | undefined): ScreenLine[] {
  if (job.state !== 'running') return [];
  return job.steps
    .filter(({ state }) => state === 'running')
    .flatMap((step) => {
      const time = span(step.startedAtMs, null, screen.nowMs);
      const said = last?.step === step.index && last.stream === 'out' ? harmless(last.text).trim() : '';
      return [
        line(screen, 'active', `${harmless(step.name)}  ${paint(screen, 'dim', time)}`, 3),
        ...(said === ''
          ? []
          : [{ text: `       ${paint(screen, 'dim', `│ ${said}`)}`, standing: 'detail' as const }]),
      ];
    });
}

function line(screen: Screen, standing: Standing, text: string, depth: number): ScreenLine {
  return {
    text: `${'  '.repeat(depth).slice(0, depth * 2 - (depth > 1 ? 1 : 0))}${mark(screen, standing, screen.nowMs)} ${text}`.trimEnd(),
    standing,
  };
}
