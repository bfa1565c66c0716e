import { basename } from 'node:path';
import type { WorkflowVariables } from '../app/index.ts';
import { CodedError, didYouMean, type Finding, type Span } from '../diagnostics/index.ts';
import { createRun, refusalsInReach, type RunEvent } from '../runs/index.ts';
import { changedSince, readWorkTree, type WorkTree } from '../source/index.ts';
import {
  eventRules,
  events,
  inputTexts,
  resolveInputs,
  triggers,
  type EventName,
  type Json,
  type Trigger,
  type Workflow,
} from '../workflow/index.ts';
import { runAgain, type Again, type AgainWish } from './again.ts';
import { readCalled } from './called.ts';
import { jobsBeside, onlyJobs } from './choose-jobs.ts';
import { digests, KeptFolder } from './kept.ts';
import { branchRef, localEvent, repositoryName, type EventFacts } from './local-event.ts';
import { LocalMistakes } from './mistakes.ts';
import type { LocalRequest } from './request.ts';
import { readVariables } from './variables.ts';
import { readWorkflowFiles, type WorkflowFiles } from './workflow-files.ts';

/** A workflow that would run, and by which event. */
export interface PlannedRun {
  /** With the chosen jobs alone. */
  workflow: Workflow;
  called: Record<string, Workflow>;
  event: RunEvent;
  inputs: Record<string, Json>;
}

/** Everything that is known before anything runs. */
export interface LocalPlan {
  tree: WorkTree;
  files: WorkflowFiles;
  actor: string;
  variables: WorkflowVariables;
  /** `owner/name` */
  repository: string;
  runs: PlannedRun[];
  warnings: Finding[];
  /** The last run, where a part of it is to be run again. */
  again: Again | null;
}

/**
 * Reads the repository and its workflows, picks what the event starts, and builds the event.
 *
 * @param reading - The repository, where somebody has begun to read it.
 * @throws LocalMistakes when files, inputs or jobs that would run cannot.
 * @throws CodedError when nothing would run.
 */
export async function planLocally(request: LocalRequest, reading?: Promise<WorkTree>): Promise<LocalPlan> {
  const tree = await (reading ?? readWorkTree(request.directory));
  const files = await readWorkflowFiles({ ...request, tree });
  const findings = files.broken.flatMap((each) => each.findings);
  if (findings.length > 0) throw new LocalMistakes(findings, files.sources);
  const actor = (request.actor ?? tree.userName) || request.user;
  const plan = {
    tree,
    files,
    actor,
    variables: await readVariables(files, request.vars),
    repository: repositoryName(tree),
    warnings: files.warnings,
    again: null,
  };
  if (request.again) return await planAgain(plan, request.again, request.home);
  const chosen = await choose(plan, request);
  const runs = (await Promise.all(chosen.map((one) => planned(plan, one, request)))).map(withoutLabels);
  refuse({ ...plan, runs });
  return { ...plan, runs };
}

/** A workflow with the trigger that starts it. */
interface Chosen {
  workflow: Workflow;
  event: EventName;
  trigger: Trigger | undefined;
}

type Basis = Omit<LocalPlan, 'runs' | 'again'> & { again: null };

async function choose(plan: Basis, request: LocalRequest): Promise<Chosen[]> {
  const { workflows, isNamed } = plan.files;
  const candidates = onlyJobs(workflows, request.jobs);
  const asked = askedEvent(request);
  // Who names a workflow or a job means it, whatever would start it on GitHub.
  const isMeant = asked === null && (isNamed || request.jobs.length > 0);
  // Inputs alone ask for a dispatch, and a workflow that only others call takes them in the same way.
  const isCallee = request.event === null && isNamed && candidates.every(isOnlyCalled);
  if (isMeant || isCallee) return candidates.map(withOwnEvent);
  const event = asked ?? 'push';
  const started: Chosen[] = [];
  for (const workflow of candidates) {
    const trigger = workflow.triggers.find((one) => one.event === event);
    const happening = trigger && { ...(await happeningFor(plan, trigger, request)), name: event };
    if (happening && triggers(workflow, happening)) started.push({ workflow, event, trigger });
  }
  if (started.length === 0) throw nothingToRun(candidates, event, plan.tree);
  return request.only === null
    ? started
    : started.filter(({ workflow }) => request.only?.includes(workflow.file));
}

/** The last run's own plan, with HEAD and the files as they are now. */
async function planAgain(plan: Basis, wish: AgainWish, home: string): Promise<LocalPlan> {
  const { tree, files } = plan;
  const folder = new KeptFolder(home, tree.root);
  const kept = folder.read();
  if (!kept) {
    throw new CodedError('local/nothing-kept', 'nothing of this repository has been run here yet', {
      help: 'run it first: slipway run',
    });
  }
  for (const path of Object.keys(kept.files)) files.sources[path] ??= (await files.read(path)) ?? '';
  const now = digests(files.sources, Object.keys(kept.files));
  const changed = Object.keys(now).filter((path) => now[path] !== kept.files[path]);
  if (changed.length > 0) {
    throw new CodedError('local/workflow-changed', `${changed.join(', ')} changed since the last run`, {
      help: 'run it anew: slipway run, with -j <job> for one job',
    });
  }
  const again = await runAgain(kept, folder, wish);
  const runs = again.runs.map((run) => ({ ...run, event: { ...run.event, commit: tree.head.sha } }));
  return { ...plan, again: { ...again, runs }, runs };
}

function askedEvent({ event, inputs }: LocalRequest): EventName | null {
  if (event === null) return Object.keys(inputs).length > 0 ? 'workflow_dispatch' : null;
  const known = events.find((name) => name === event);
  if (known !== undefined) return known;
  const near = didYouMean(event, events);
  throw new CodedError('local/no-such-event', `GitHub has no event "${event}"`, {
    notes: ['usual events: push, pull_request, workflow_dispatch, schedule, release'],
    help: near === undefined ? 'name one of GitHub: slipway run <event>' : `did you mean "${near}"?`,
  });
}

function isOnlyCalled({ triggers: on }: Workflow): boolean {
  return on.every(({ event }) => event === 'workflow_call');
}

function withOwnEvent(workflow: Workflow): Chosen {
  const own = workflow.triggers.filter(({ event }) => event !== 'workflow_call');
  const trigger = own.find(({ event }) => event === 'push') ?? own[0];
  // A workflow that only others call is run as if somebody had dispatched it.
  return trigger
    ? { workflow, event: trigger.event, trigger }
    : { workflow, event: 'workflow_dispatch', trigger: workflow.triggers[0] };
}

async function happeningFor(plan: Basis, trigger: Trigger, request: LocalRequest) {
  const { tree } = plan;
  const payload = request.eventFile?.value ?? {};
  const isPull = trigger.event.startsWith('pull_request');
  const type = typeOf(trigger, payload);
  const filtersPaths = trigger.paths !== undefined || trigger.pathsIgnore !== undefined;
  const changedFiles = filtersPaths ? await changedFilesOf(plan, trigger, request) : null;
  return {
    ref: localEvent(factsOf(plan, payload), { name: trigger.event, payload }).ref,
    ...(isPull || trigger.event === 'merge_group' ? { branch: baseOf(tree, payload) } : {}),
    ...(type === undefined ? {} : { type }),
    ...(changedFiles === null ? {} : { changedFiles }),
  };
}

/** The type that the user names, else one that the workflow waits for. */
function typeOf({ event, types }: Trigger, payload: { [key: string]: Json }): string | undefined {
  if (typeof payload['action'] === 'string') return payload['action'];
  const { defaultTypes, types: all } = eventRules[event];
  const usual = defaultTypes ?? all ?? [];
  return types ? (usual.find((type) => types.includes(type)) ?? types[0]) : usual[0];
}

function baseOf({ defaultBranch }: WorkTree, payload: { [key: string]: Json }): string {
  const ref = at(payload, 'pull_request', 'base', 'ref');
  return typeof ref === 'string' ? ref : defaultBranch;
}

function at(value: Json, ...path: string[]): Json {
  return path.reduce<Json>(
    (found, name) =>
      found !== null && typeof found === 'object' && !Array.isArray(found) ? (found[name] ?? null) : null,
    value,
  );
}

/** What a push or a pull request of now would bring, with what is not committed yet. */
async function changedFilesOf(
  { tree }: Basis,
  trigger: Trigger,
  { eventFile, committed }: LocalRequest,
): Promise<string[] | null> {
  const { root, head } = tree;
  const payload = eventFile?.value ?? {};
  const dirty = committed ? [] : tree.changed.map(({ path }) => path);
  const base = baseOf(tree, payload);
  const before = typeof payload['before'] === 'string' ? payload['before'] : (head.parents[0] ?? null);
  const files =
    trigger.event === 'push'
      ? await changedSince(root, before)
      : ((await changedSince(root, `refs/remotes/origin/${base}...HEAD`)) ??
        (await changedSince(root, `refs/heads/${base}...HEAD`)));
  return files && [...new Set([...files, ...dirty])];
}

function factsOf({ tree, actor, repository }: Basis, payload: { [key: string]: Json }): EventFacts {
  return { tree, actor, repository, base: baseOf(tree, payload) };
}

async function planned(plan: Basis, chosen: Chosen, request: LocalRequest): Promise<PlannedRun> {
  const { workflow, event, trigger } = chosen;
  const payload = request.eventFile?.value ?? {};
  const inputs = event === 'workflow_dispatch' ? inputsOf(chosen, payload, request) : {};
  const type = trigger && typeOf(trigger, payload);
  const cron = trigger?.schedules?.[0]?.cron;
  return {
    workflow,
    called: await readCalled(workflow, plan.files),
    event: localEvent(factsOf(plan, payload), {
      name: event,
      payload,
      inputs: inputTexts(inputs),
      ...(type === undefined ? {} : { type }),
      ...(cron === undefined ? {} : { cron }),
    }),
    inputs,
  };
}

function inputsOf({ workflow, trigger }: Chosen, payload: { [key: string]: Json }, request: LocalRequest) {
  const given = { ...(payload['inputs'] as Record<string, unknown> | undefined), ...request.inputs };
  const resolved = resolveInputs(trigger?.inputs ?? {}, given, { kind: 'dispatch' });
  if (resolved.ok) return resolved.value;
  const note = `of ${workflow.file}`;
  throw new LocalMistakes(resolved.findings.map((each) => ({ ...each, notes: [...each.notes, note] })));
}

/** Labels are the engine's matter: it leaves out the instances that another system should run, and only those. */
function withoutLabels(run: PlannedRun): PlannedRun {
  const called = Object.entries(run.called).map(([uses, workflow]) => [uses, labelsAside(workflow)] as const);
  return { ...run, workflow: labelsAside(run.workflow), called: Object.fromEntries(called) };
}

function labelsAside(workflow: Workflow): Workflow {
  const places = new Set(
    workflow.jobs.flatMap((job) => (job.kind === 'steps' ? job.runsOn.map(({ at }) => placeOf(at)) : [])),
  );
  const refusals = workflow.refusals.filter(({ finding }) => !finding.at || !places.has(placeOf(finding.at)));
  return { ...workflow, refusals };
}

function placeOf({ start }: Span): string {
  return `${start.line}:${start.column}`;
}

/** Stops before anything starts when a job that may run asks for what this machine cannot do. */
function refuse({ runs, repository, files, variables }: LocalPlan): void {
  const findings = runs.flatMap((planned) => {
    const run = createRun({ ...planned, id: 'plan', number: 1, app: repository, ...variables, nowMs: 0 });
    const refusals = refusalsInReach(run);
    const rest = jobsBeside(planned.workflow, refusals).map((id) => `-j ${id}`);
    return refusals.map(({ finding }, index) => ({
      ...finding,
      severity: 'error' as const,
      notes:
        rest.length > 0 && index === refusals.length - 1
          ? [...finding.notes, `what runs here: slipway run ${rest.join(' ')}`]
          : finding.notes,
    }));
  });
  if (findings.length > 0) throw new LocalMistakes(findings, files.sources);
}

function nothingToRun(workflows: Workflow[], event: string, tree: WorkTree): CodedError {
  const branch = branchRef(tree).replace('refs/heads/', '');
  return new CodedError('local/nothing-to-run', `no workflow is started by ${event} on ${branch}`, {
    notes: workflows.map(
      ({ file, triggers: on }) => `${basename(file)}: on ${on.map(triggerText).join(', ')}`,
    ),
    help: 'name an event or a workflow: slipway run <event>, slipway run -W <file>',
  });
}

/** A trigger with the filters that may keep an event away from it. */
function triggerText(trigger: Trigger): string {
  const filters = [
    ['branches', trigger.branches],
    ['branches-ignore', trigger.branchesIgnore],
    ['tags', trigger.tags],
    ['tags-ignore', trigger.tagsIgnore],
    ['paths', trigger.paths],
    ['paths-ignore', trigger.pathsIgnore],
    ['types', trigger.types],
  ] as const;
  const told = filters.flatMap(([name, values]) => (values ? [`${name}: ${values.join(' ')}`] : []));
  return told.length > 0 ? `${trigger.event} (${told.join('; ')})` : trigger.event;
}
