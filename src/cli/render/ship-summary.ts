import type {
  EnvironmentView,
  JobView,
  RolloutView,
  RunView,
  ShipView,
  StepView,
} from '../../wiring/index.ts';
import { branchOf, short } from './marks.ts';
import { renderTable } from './table.ts';
import { harmless, paint, type Look } from './text.ts';
import { took } from './time.ts';

/** What is said when a ship has ended, once: what is live and where, or what failed, where, and what users have now. */
export function shipSummary(view: ShipView, environments: readonly EnvironmentView[], look: Look): string[] {
  const mine = environments.filter(({ app }) => app === view.app);
  return view.state === 'succeeded' ? success(view, mine, look) : failure(view, mine, look);
}

/** The same for a rollout that belongs to no ship. */
export function rolloutSummary(
  rollout: RolloutView,
  environments: readonly EnvironmentView[],
  look: Look,
): string[] {
  const environment = environments.find(
    (one) => one.app === rollout.app && one.environment === rollout.environment,
  );
  if (rollout.state === 'succeeded')
    return [
      liveLine(rollout, look),
      ...unprovenLines([rollout]),
      ...urlLines(environment),
      ...returnLines(rollout),
    ];
  return [
    ...rolloutFailure(rollout, look),
    ...traffic([rollout.environment], environments, { [rollout.environment]: rollout }),
  ];
}

function liveLine(rollout: RolloutView, look: Look): string {
  const time = took(
    (rollout.liveAtMs ?? rollout.finishedAtMs ?? rollout.requestedAtMs) - rollout.requestedAtMs,
  );
  const what = `${rollout.environment} serves ${rollout.revision ?? ''} (${titled(rollout)})`;
  return `${paint(look, 'green', '✓')} ${what}, live ${time} after it was asked for`;
}

function urlLines(environment: EnvironmentView | undefined): string[] {
  return (environment?.urls ?? []).map((url) => `  ${url}`);
}

/** The way back from a way back: without a name, the next rollback looks further back. */
function returnLines({ kind, environment, from, revision }: RolloutView): string[] {
  if (kind !== 'rollback' || from === null || from === revision) return [];
  return [`  ${from} again: slipway rollback ${environment} --to ${from}`];
}

function success(view: ShipView, environments: readonly EnvironmentView[], look: Look): string[] {
  const live = view.rollouts.filter((rollout) => rollout.state === 'succeeded');
  const total = took((view.finishedAtMs ?? view.startedAtMs) - view.startedAtMs);
  const would = view.runs.flatMap((run) => run.jobs.flatMap((job) => job.wouldShip));
  const reached = live.map(({ environment }) => environment);
  const where =
    reached.length > 0
      ? `live on ${reached.join(' and ')}`
      : would.length > 0
        ? `all green; with a server it would go to ${[...new Set(would)].join(' and ')}`
        : 'all green, nothing was asked to go live';
  return [
    `${paint(look, ['bold', 'green'], '✓')} ${paint(look, 'yellow', short(view.commit))} ${harmless(view.title)}: ${where} in ${total}`,
    ...(view.reason === null ? [] : [`  ${harmless(view.reason)}`]),
    ...liveTable(view, live, look).map((line) => `  ${line}`),
    ...addresses(reached, environments),
    ...unprovenLines(live),
    ...(view.runs.length === 0 ? [`  no workflow starts for ${branchOf(view.ref)}; see: slipway plan`] : []),
  ];
}

/** No harm was shown, and neither was that there is none. */
function unprovenLines(live: readonly RolloutView[]): string[] {
  return live.flatMap(({ environment, unproven }) =>
    unproven === null
      ? []
      : [
          `  unproven on ${environment}: ${harmless(unproven)}; what was seen so far: slipway explain ${environment}`,
        ],
  );
}

function liveTable(view: ShipView, live: readonly RolloutView[], look: Look): string[] {
  if (live.length === 0) return [];
  const rows = live.map((rollout) => {
    const at = (ms: number | null) => (ms === null ? '' : took(ms - view.startedAtMs));
    return [
      rollout.environment,
      rollout.revision ?? '',
      at(rollout.requestedAtMs),
      at(rollout.liveAtMs),
      at(rollout.finishedAtMs),
    ];
  });
  const heads = ['ENVIRONMENT', 'SERVES', 'ASKED FOR', 'LIVE AFTER', 'CONFIRMED'];
  return renderTable({ heads, rows }, { ...look, columns: look.columns - 2 });
}

function addresses(names: readonly string[], environments: readonly EnvironmentView[]): string[] {
  const widest = Math.max(0, ...names.map(({ length }) => length));
  return environments
    .filter(({ environment }) => names.includes(environment))
    .flatMap(({ environment, urls }) =>
      urls.map((url, index) => `  ${(index === 0 ? environment : '').padEnd(widest)}  ${url}`),
    );
}

function failure(view: ShipView, environments: readonly EnvironmentView[], look: Look): string[] {
  const time = took((view.finishedAtMs ?? view.startedAtMs) - view.startedAtMs);
  const failedRollouts = view.rollouts.filter(({ state }) =>
    ['failed', 'aborted', 'superseded'].includes(state),
  );
  const madeWay = failedRollouts.length > 0 && failedRollouts.every(({ state }) => state === 'superseded');
  const word = view.state === 'cancelled' ? 'cancelled' : madeWay ? 'superseded' : 'failed';
  const title = `${paint(look, ['bold', 'red'], '✗')} ${paint(look, 'yellow', short(view.commit))} ${harmless(view.title)}: ${word} after ${time}`;
  const causes = view.runs.flatMap((run) => failedJobs(run).flatMap((job) => jobFailure(run, job, look)));
  const firstFailed = view.runs.flatMap(failedJobs)[0];
  const touched = Object.fromEntries(view.rollouts.map((rollout) => [rollout.environment, rollout]));
  const names = new Set([
    ...view.rollouts.map(({ environment }) => environment),
    ...view.runs.flatMap((run) => run.jobs.flatMap(({ environment }) => environment ?? [])),
  ]);
  // Jobs that never began may not have told their environments.
  const concerned = names.size > 0 ? [...names] : environments.map(({ environment }) => environment);
  const explained = failedRollouts.length > 0 || causes.length > 0;
  return [
    title,
    ...(view.reason === null || explained ? [] : [`  ${harmless(view.reason)}`]),
    ...failedRollouts.flatMap((rollout) => rolloutFailure(rollout, look).map((line) => `  ${line}`)),
    ...(failedRollouts.length > 0 ? [] : causes),
    ...traffic(concerned, environments, touched).map((line) => `  ${line}`),
    `  ${paint(look, 'cyan', 'next')}: ${nextStep(view, failedRollouts[0], firstFailed)}`,
  ];
}

/** A job whose deploy step failed only passes on what its rollout says. */
function failedJobs(run: RunView): JobView[] {
  return run.jobs.filter((job) => job.state === 'failure');
}

function jobFailure(run: RunView, job: JobView, look: Look): string[] {
  const step = job.steps.find(({ state }) => state === 'failure');
  const where = `job "${harmless(job.name)}" of ${run.workflow}`;
  if (!step)
    return [`  ${paint(look, 'red', where)}${job.reason === null ? '' : `: ${harmless(job.reason)}`}`];
  return [`  ${paint(look, 'red', `${where}, step "${harmless(step.name)}"`)}`, ...stepFailure(step, look)];
}

const shownLines = 10;

function stepFailure({ error }: StepView, look: Look): string[] {
  if (!error) return [];
  const place = error.at ? [`    --> ${error.at.file}:${error.at.start.line}:${error.at.start.column}`] : [];
  return [
    ...place,
    ...error.lastLines
      .slice(-shownLines)
      .map((line) => `    ${paint(look, 'dim', '|')} ${harmless(line)}`.trimEnd()),
    `    ${harmless(error.message)}`,
  ];
}

function rolloutFailure(rollout: RolloutView, look: Look): string[] {
  const what = rollout.kind === 'rollback' ? 'rollback' : 'rollout';
  const end = rollout.state === 'failed' ? 'failed' : `was ${rollout.state}`;
  const title = `${what} of ${rollout.revision ?? short(rollout.commit)} to ${rollout.environment} ${end}`;
  return [
    `${paint(look, 'red', title)}: ${harmless(rollout.detail)}`,
    ...rollout.logTail.map((line) => `  ${paint(look, 'dim', '|')} ${harmless(line)}`.trimEnd()),
  ];
}

/** What users have now, per environment. */
function traffic(
  names: readonly string[],
  environments: readonly EnvironmentView[],
  rollouts: Readonly<Record<string, RolloutView>>,
): string[] {
  return names.map((name) => {
    const serving = environments.find(({ environment }) => environment === name)?.serving;
    const rollout = rollouts[name];
    if (!serving) return `${name} serves nothing yet`;
    const what = `${serving.revision} (${titled(serving)})`;
    if (!rollout) return `${name} still serves ${what}; nothing was moved`;
    if (serving.revision === rollout.revision) return `${name} serves ${what}`;
    const where =
      (serving.traffic?.weightPercent ?? 100) === 100 ? 'all traffic is on it' : 'traffic goes back to it';
    return rollout.liveAtMs === null
      ? `${name} still serves ${what}; ${where}`
      : `${name} serves ${what} again; ${where}`;
  });
}

function titled({ commit, title }: { commit: string; title: string }): string {
  return `${short(commit)} ${harmless(title)}`.trimEnd();
}

function nextStep(view: ShipView, rollout: RolloutView | undefined, job: JobView | undefined): string {
  // A run without a server keeps no logs, and has printed them all.
  if (view.id.startsWith('run-')) return 'mend and commit, then "slipway run"';
  if (view.state === 'cancelled') return 'ship again with "slipway ship"';
  if (rollout?.state === 'superseded') return 'slipway status, which shows what came after it';
  if (rollout) return `slipway explain ${rollout.environment}, then mend, commit and "slipway ship"`;
  if (job) return `slipway logs ${view.id} --job "${job.key}", then mend, commit and "slipway ship"`;
  return 'mend that, then "slipway ship"';
}
