import { randomBytes } from 'node:crypto';
import type { App } from '../app/index.ts';
import { CodedError, didYouMean, type Finding } from '../diagnostics/index.ts';
import { checkCalls, createRun, refusalsInReach, type NewRun, type RunEvent } from '../runs/index.ts';
import { openMirror, type CommitInfo } from '../source/index.ts';
import type { Store } from '../store/index.ts';
import { environmentOf, stepsOf, triggers, type Job, type Workflow } from '../workflow/index.ts';
import type { Layout } from './layout.ts';
import {
  allJobs,
  byCallPath,
  calledBy,
  commitFiles,
  deploySteps,
  readDefinition,
} from './repository-files.ts';
import { routerFindings } from './router-fit.ts';
import { routerSettings } from './router-settings.ts';
import { FindingsError } from './findings-error.ts';
import type { RunFlowData } from './run-data.ts';
import type { ShipData } from './ship-flow.ts';

/** Which commit to ship, and who says so. */
export interface ShipWish {
  app: string;
  commit: string;
  ref: string;
  actor: string;
  defaultBranch: string;
}

/** A commit, read and checked: what would run, and what of it. */
export interface CheckedCommit {
  app: App;
  info: CommitInfo;
  workflows: Workflow[];
  triggered: Workflow[];
  findings: Finding[];
  /** Texts of the files that findings point into. */
  sources: Record<string, string>;
  artifactNames: string[];
  packageJson: string | null;
  packageLock: string | null;
}

/** Reads everything that a commit says, or throws every mistake in it as a FindingsError. */
export async function checkCommit(
  wish: ShipWish,
  { layout, store }: { layout: Layout; store: Store },
): Promise<CheckedCommit> {
  const mirror = await openMirror(layout.app(wish.app).mirror);
  const { commit, ref } = wish;
  const files = commitFiles(mirror, commit);
  const { app, workflows, findings, sources } = await readDefinition(files, {
    fallbackName: wish.app,
    defaultBranch: wish.defaultBranch,
  });
  const info = await mirror.commitInfo(commit);
  const before = (await lastShipped(store, wish)) ?? info.parents[0] ?? null;
  const changedFiles =
    before === null ? undefined : await mirror.changedFiles(before, commit).catch(() => undefined);
  const event = { name: 'push' as const, ref, ...(changedFiles ? { changedFiles } : {}) };
  const triggered = workflows.filter((workflow) => triggers(workflow, event));
  const jobs = triggered.flatMap((workflow) => allJobs(workflow, workflows));
  findings.push(...refusalsOf(wish, { app, info, workflows, triggered }));
  for (const workflow of triggered) findings.push(...checkCalls(workflow, byCallPath(workflows)));
  if (app) findings.push(...deployFindings(app, jobs));
  if (app) findings.push(...routerFindings(app, (await routerSettings(layout)).kind));
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0 && triggered.length === 0) errors.push(nothingRuns(workflows, ref));
  const warnings = findings.filter(({ severity }) => severity === 'warning');
  if (!app || errors.length > 0) throw new FindingsError([...warnings, ...errors], sources);
  return {
    app,
    info,
    workflows,
    triggered,
    findings,
    sources,
    artifactNames: jobs.flatMap(uploads),
    packageJson: await files.read('package.json'),
    packageLock: await files.read('package-lock.json'),
  };
}

/** The flow of a new ship, with the runs that its first tick creates. */
export async function newShip(wish: ShipWish, checked: CheckedCommit, store: Store): Promise<ShipData> {
  const id = `s-${randomBytes(4).toString('hex')}`;
  const { app, info, triggered, workflows } = checked;
  const nowMs = Date.now();
  const title = titleOf(info);
  const before = await countOn(store, 'run-count', app.name, triggered.length);
  const number = await nextShipNumber(store, app.name);
  const create = triggered.map((workflow, index): RunFlowData => {
    const run = createRun({
      id: `${id}-${index + 1}`,
      number: before + index + 1,
      ...runOf(workflow, wish, checked),
      nowMs,
    });
    return { run, ship: id, shipNumber: number, title, app, deploys: {} };
  });
  return {
    id,
    number,
    app,
    commit: wish.commit,
    title,
    ref: wish.ref,
    actor: wish.actor,
    startedAtMs: nowMs,
    runs: Object.fromEntries(create.map(({ run }) => [run.id, 'running' as const])),
    create,
    workflowDeploys: triggered
      .flatMap((workflow) => allJobs(workflow, workflows))
      .some((job) => deploySteps(job).length > 0),
    deploying: null,
    rollouts: [],
    ended: null,
  };
}

/** What a run is made of that has neither id nor number yet. */
function runOf(
  workflow: Workflow,
  wish: ShipWish,
  { app, info, workflows }: Pick<CheckedCommit, 'app' | 'info' | 'workflows'>,
): Pick<NewRun, 'app' | 'workflow' | 'called' | 'vars' | 'environmentVars' | 'event'> {
  return {
    app: app.name,
    workflow,
    called: calledBy(workflow, workflows),
    vars: app.vars,
    environmentVars: Object.fromEntries(app.environments.map(({ name, vars }) => [name, vars])),
    event: pushEvent(wish, info, titleOf(info)),
  };
}

/** What this machine cannot do and the push may come to; without an app there are other mistakes to mend first. */
function refusalsOf(
  wish: ShipWish,
  { app, ...commit }: Pick<CheckedCommit, 'info' | 'workflows' | 'triggered'> & { app: App | null },
): Finding[] {
  if (!app) return [];
  return commit.triggered.flatMap((workflow) => {
    const run = createRun({ id: 'check', number: 1, nowMs: 0, ...runOf(workflow, wish, { ...commit, app }) });
    return refusalsInReach(run).map(({ finding }) => finding);
  });
}

function titleOf({ message }: CommitInfo): string {
  return message.split('\n')[0] ?? '';
}

/** The event as a job sees it: `github.event` of a push, as far as a local repository has it. */
export function pushEvent(
  { app, commit, ref, actor, defaultBranch }: ShipWish,
  info: CommitInfo,
  title: string,
): RunEvent {
  const author = { name: info.author, email: info.authorEmail };
  const head = {
    id: commit,
    message: info.message,
    timestamp: new Date(info.committedAtMs).toISOString(),
    author,
  };
  return {
    name: 'push',
    ref,
    commit,
    actor,
    message: title,
    payload: {
      ref,
      before: info.parents[0] ?? '0'.repeat(40),
      after: commit,
      repository: {
        name: app,
        full_name: `local/${app}`,
        default_branch: defaultBranch,
        owner: { login: 'local' },
      },
      pusher: { name: actor },
      sender: { login: actor },
      head_commit: head,
      commits: [head],
    },
  };
}

/** Names under which a job's steps upload artifacts; a name that holds an expression is shown as written. */
function uploads(job: Job): string[] {
  return stepsOf(job).flatMap((step) =>
    step.kind === 'uses' && step.uses.text.startsWith('actions/upload-artifact@')
      ? [step.with['name']?.text ?? 'artifact']
      : [],
  );
}

/** The place of a ship that begins now; of two that begin in one moment, neither is the newer one. */
export async function nextShipNumber(store: Store, app: string): Promise<number> {
  return 1 + (await countOn(store, 'ship-count', app, 1));
}

/** Counts an app's runs or ships on, and returns how many there were; two of one moment may share a number. */
async function countOn(store: Store, what: string, app: string, more: number): Promise<number> {
  const known = await store.documents.get(what, app);
  const before = typeof known?.body === 'number' ? known.body : 0;
  await store.documents.put(what, app, before + more);
  return before;
}

async function lastShipped(store: Store, { app, ref, commit }: ShipWish): Promise<string | null> {
  const ships = (await store.flows.list({ kind: 'ship', newest: 200 })).map(({ data }) => data as ShipData);
  const earlier = ships.filter((ship) => ship.app.name === app && ship.ref === ref && ship.commit !== commit);
  return earlier.toSorted((a, b) => b.startedAtMs - a.startedAtMs)[0]?.commit ?? null;
}

/** A deploy step must name an environment that slipway.yml knows, as far as that can be told before it runs. */
function deployFindings(app: App, jobs: Job[]): Finding[] {
  const known = app.environments.map(({ name }) => name);
  return jobs.flatMap((job) =>
    deploySteps(job).flatMap((step): Finding[] => {
      // A step that names none, in a job that names none, is a mistake that the workflow's own reader has told.
      const named = step.with['environment'] ?? environmentOf(job)?.name;
      if (!named || named.text.includes('${{') || known.includes(named.text)) return [];
      const near = didYouMean(named.text, known);
      return [
        {
          code: 'wiring/unknown-environment',
          severity: 'error',
          message: `job "${job.id}" deploys to "${named.text}", which the app does not define`,
          at: named.at,
          notes: [`environments: ${known.map((name) => `"${name}"`).join(', ')}`],
          help:
            near === undefined ? 'define it under "environments" in slipway.yml' : `did you mean "${near}"?`,
        },
      ];
    }),
  );
}

function nothingRuns(workflows: Workflow[], ref: string): Finding {
  if (workflows.length === 0) {
    return {
      code: 'wiring/no-workflow',
      severity: 'error',
      message: 'the commit has no workflow, so nothing would check it on its way to production',
      notes: ['workflows are the files .github/workflows/*.yml'],
      help: 'commit one that runs your tests, such as .github/workflows/ci.yml with "on: push"',
    };
  }
  return {
    code: 'wiring/nothing-triggered',
    severity: 'error',
    message: `a push to ${ref.replace('refs/heads/', '')} starts none of the workflows, so nothing would check it`,
    notes: workflows.map(
      ({ file, triggers: on }) => `${file}: on ${on.map(triggerText).join(', ') || 'nothing'}`,
    ),
    help: 'ship from a branch that they name, or add this one to "on: push: branches:"',
  };
}

/** A trigger with the filters that keep a push away from it. */
export function triggerText({ event, ...filters }: Workflow['triggers'][number]): string {
  const named = [
    ['branches', filters.branches],
    ['branches-ignore', filters.branchesIgnore],
    ['tags', filters.tags],
    ['tags-ignore', filters.tagsIgnore],
    ['paths', filters.paths],
    ['paths-ignore', filters.pathsIgnore],
  ] as const;
  const said = named.flatMap(([name, patterns]) => (patterns ? [`${name}: ${patterns.join(', ')}`] : []));
  return said.length === 0 ? event : `${event} (${said.join('; ')})`;
}

/** The app's name as committed must be the one that the mirror was filled under. */
export function requireSameApp(wish: ShipWish, app: App): void {
  if (wish.app === app.name) return;
  throw new CodedError(
    'wiring/app-renamed',
    `the commit calls its app "${app.name}", but it was sent as "${wish.app}"`,
    {
      help: 'ship again; the name comes from slipway.yml, package.json or the folder',
    },
  );
}
