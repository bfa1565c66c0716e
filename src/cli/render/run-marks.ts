import { unreachable } from '../../diagnostics/index.ts';
import type { LocalJobView, LocalRunView, LocalStepView, LocalView } from '../../local/index.ts';
import type { Standing } from './marks.ts';
import { harmless, paint, type Look } from './text.ts';

/** How a job or step of a local run stands, for its mark. */
export function standingOf(state: LocalJobView['state'] | LocalStepView['state']): Standing {
  switch (state) {
    case 'pending':
    case 'blocked':
    case 'queued':
      return 'waiting';
    case 'running':
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

/** The sign of a standing where nothing is drawn in place. */
export const plainSigns: Record<Standing, string> = {
  waiting: '○',
  active: '●',
  good: '✓',
  bad: '✗',
  skipped: '-',
};

/** A job's name, with its workflow's where several run. */
export function labelOf(
  view: Pick<LocalView, 'runs'>,
  run: Pick<LocalRunView, 'workflow'>,
  name: string,
): string {
  return view.runs.length > 1 ? `${run.workflow} / ${name}` : name;
}

/** A workflow by its name and file, or by its file alone, and what is told of it. */
export function workflowHead(
  { workflow, file }: Pick<LocalRunView, 'workflow' | 'file'>,
  note: string,
  look: Look,
): string {
  const name = workflow === file ? '' : `${paint(look, 'bold', harmless(workflow))} `;
  return `${name}${paint(look, name === '' ? 'bold' : 'dim', file)} ${paint(look, 'dim', `· ${note}`)}`;
}

/** `file:line:column`, as editors take it. */
export function placeOf(at: NonNullable<NonNullable<LocalStepView['error']>['at']>): string {
  return `${at.file}:${at.start.line}:${at.start.column}`;
}
