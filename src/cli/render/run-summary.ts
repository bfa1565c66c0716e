import type { LocalJobView, LocalRunView, LocalStepView, LocalView } from '../../local/index.ts';
import { short } from './marks.ts';
import { labelOf, placeOf } from './run-marks.ts';
import { harmless, paint, type Look } from './text.ts';
import { took } from './time.ts';

const shownLines = 20;
const shownNames = 5;

interface Placed {
  run: LocalRunView;
  job: LocalJobView;
  label: string;
}

/** What is said once a local run has ended: what failed and where, what the steps left to read, what was left out, totals. */
export function runSummary(view: LocalView, summaries: ReadonlyMap<string, string>, look: Look): string[] {
  const jobs = view.runs.flatMap((run) =>
    run.jobs.map((job): Placed => ({ run, job, label: harmless(labelOf(view, run, job.name)) })),
  );
  const annotations = jobs.flatMap((placed) => annotationLines(placed, look));
  return [
    ...jobs.flatMap((placed) => failureLines(placed, look)),
    ...annotations,
    ...(annotations.length > 0 ? [''] : []),
    ...jobs.flatMap(({ label, job }) => summaryLines(label, summaries.get(job.summaryFile ?? ''), look)),
    ...leftOut(jobs, look),
    totals(view, jobs, look),
    ...next(jobs, look),
  ];
}

function failureLines({ job, label }: Placed, look: Look): string[] {
  // A job that ran out of time is cancelled; whoever reads what is wrong wants to know of it too.
  const stopped = job.state === 'cancelled' && job.reason !== null && !job.reason.startsWith('cancelled by ');
  if (job.state !== 'failure' && !stopped) return [];
  const failed = job.steps.filter(({ state, forgiven }) => state === 'failure' && !forgiven);
  const head = paint(look, ['bold', 'red'], `✗ ${label}`);
  if (failed.length === 0)
    return [head, ...(job.reason ?? '').split('\n').map((line) => `  ${harmless(line)}`), ''];
  return failed.flatMap((step) => [
    `${head} ${paint(look, 'red', `› ${harmless(step.name)}`)}`,
    ...stepFailure(step, look),
    '',
  ]);
}

function stepFailure({ error }: LocalStepView, look: Look): string[] {
  if (!error) return [];
  const place = error.at ? [`  ${paint(look, 'cyan', '-->')} ${placeOf(error.at)}`] : [];
  return [
    ...error.lastLines
      .slice(-shownLines)
      .map((line) => `  ${paint(look, 'dim', '│')} ${harmless(line)}`.trimEnd()),
    ...error.message.split('\n').map((line) => `  ${harmless(line)}`),
    ...place,
  ];
}

const levelStyles = { error: 'red', warning: 'yellow', notice: 'blue' } as const;

function annotationLines({ job, label }: Placed, look: Look): string[] {
  return job.annotations.map(({ level, title, message, file, line }) => {
    const where = file === undefined ? label : `${harmless(file)}${line === undefined ? '' : `:${line}`}`;
    const text = harmless(message.replaceAll('\n', ' '));
    const named = title === undefined ? text : `${harmless(title)}: ${text}`;
    return `${paint(look, levelStyles[level], level)} ${where}: ${named}`;
  });
}

function summaryLines(label: string, text: string | undefined, look: Look): string[] {
  if (text === undefined || text.trim() === '') return [];
  return [
    paint(look, 'bold', `Summary of ${label}`),
    ...text
      .trimEnd()
      .split('\n')
      .map((line) => `  ${plainMarkdown(line, look)}`.trimEnd()),
    '',
  ];
}

/** Markdown as a terminal shows it best: as it is, with headings in bold and tags of HTML left out. */
function plainMarkdown(line: string, look: Look): string {
  const text = harmless(line.replaceAll(/<\/?[a-z][^>]*>/gi, ''));
  const heading = /^#{1,6} +(.*)$/.exec(text)?.[1];
  return heading === undefined ? text : paint(look, 'bold', heading);
}

function leftOut(jobs: readonly Placed[], look: Look): string[] {
  const skipped = jobs.filter(({ job }) => job.state === 'skipped' && job.reason !== null);
  const byReason = Object.entries(Object.groupBy(skipped, ({ job }) => job.reason ?? ''));
  const lines = byReason.map(([reason, left = []]) => {
    const more = left.length > shownNames ? ` and ${left.length - shownNames} more` : '';
    const names = left.slice(0, shownNames).map(({ label }) => label);
    return `${paint(look, 'yellow', '- left out')} ${names.join(', ')}${more}: ${harmless(reason)}`;
  });
  return lines.length === 0
    ? []
    : [...lines, `  to run them here: ${paint(look, 'cyan', '-P <label>=-self-hosted')}`, ''];
}

function totals(view: LocalView, jobs: readonly Placed[], look: Look): string {
  const count = (state: LocalJobView['state']) => jobs.filter(({ job }) => job.state === state).length;
  const told = (
    [
      ['success', 'passed'],
      ['failure', 'failed'],
      ['cancelled', 'cancelled'],
      ['skipped', 'skipped'],
    ] as const
  )
    .filter(([state]) => count(state) > 0)
    .map(([state, word]) => `${count(state)} ${word}`);
  const time = took((view.finishedAtMs ?? view.startedAtMs) - view.startedAtMs);
  const good = view.state === 'success';
  const sign = paint(look, ['bold', good ? 'green' : 'red'], good ? '✓' : '✗');
  return `${sign} ${jobs.length === 1 ? '1 job' : `${jobs.length} jobs`}: ${told.join(', ')} in ${time}  ${paint(look, 'dim', short(view.commit))}`;
}

/** How to go on: everything that did not succeed, or the first failed step. */
function next(jobs: readonly Placed[], look: Look): string[] {
  const stopped = jobs.some(({ job }) => job.state === 'failure' || job.state === 'cancelled');
  if (!stopped) return [];
  const again = `  ${paint(look, 'cyan', 'next')}: slipway run --failed`;
  const failed = jobs.find(({ job }) => job.state === 'failure')?.job;
  const step = failed?.steps.find(({ state, forgiven }) => state === 'failure' && !forgiven);
  if (!failed || !step) return [again];
  const from = `slipway run -j ${shellWord(harmless(failed.name))} --from ${step.index + 1}`;
  return [again, `  ${paint(look, 'cyan', 'or')}:   ${from}`];
}

/** A name as a shell takes it. */
function shellWord(name: string): string {
  if (/^[\w./-]+$/.test(name)) return name;
  return /["$`\\!]/.test(name) ? `'${name.replaceAll("'", String.raw`'\''`)}'` : `"${name}"`;
}
