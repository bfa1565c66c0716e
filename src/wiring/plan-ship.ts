import {
  formatDuration,
  type App,
  type CanaryStep,
  type EnvironmentDefinition,
  type StrategyDefinition,
} from '../app/index.ts';
import { type EnvironmentState } from '../delivery/index.ts';
import { unreachable, type CodedError, type Finding } from '../diagnostics/index.ts';
import { planRelease } from '../release/index.ts';
import { openMirror } from '../source/index.ts';
import { environmentOf, matchesPatterns, type Workflow } from '../workflow/index.ts';
import { once } from './compose-checks.ts';
import { environmentState } from './environments.ts';
import { missingFlags } from './flags/rollout-flags.ts';
import { judgeText } from './judge-text.ts';
import { flagsText } from './flags-text.ts';
import { silentMetrics } from './judge/silent-metrics.ts';
import { rulesWithPolicy } from './people.ts';
import { planCompose } from './plan-compose.ts';
import { deploySteps } from './repository-files.ts';
import { checkCommit, type ShipWish } from './shipping.ts';
import type { System } from './system.ts';
import type { PlanView } from './views.ts';

/** What shipping a commit would do. Touches nothing. */
export async function planShip(
  wish: ShipWish,
  system: Pick<System, 'layout' | 'store' | 'vault' | 'docker' | 'machines'>,
): Promise<PlanView> {
  const checked = await checkCommit(wish, system);
  const { app, info, workflows, triggered, findings } = checked;
  const release = planRelease({
    rules: app.release,
    kind: app.kind,
    artifactNames: checked.artifactNames,
    packageJson: checked.packageJson,
    packageLock: checked.packageLock,
    hasNodeModules: false,
  });
  const mirror = await openMirror(system.layout.app(wish.app).mirror);
  const branch = wish.ref.replace(/^refs\/heads\//, '');
  const environments = await Promise.all(
    app.environments.map(async (written) => {
      const place = { app: app.name, environment: written.name };
      const definition = { ...written, rules: await rulesWithPolicy(system.store, written.rules, place) };
      const state = await environmentState(`${app.name}/${definition.name}`, system.store);
      const view = viewEnvironment({ app, definition, branch, state });
      if (!view.takesRef) return { view, findings: [] };
      const doubts = [
        ...(await silentMetrics(definition)),
        ...(await missingFlags(place, definition.strategy, system.store)).map(asDoubt),
      ];
      if (app.kind !== 'compose') return { view, findings: doubts };
      const wanted = { app, definition, state, mirror, commit: wish.commit };
      const { forecast, findings } = await planCompose(wanted, system);
      return { view: { ...view, forecast }, findings: [...findings, ...doubts] };
    }),
  );
  return {
    app: app.name,
    commit: wish.commit,
    title: info.message.split('\n')[0] ?? '',
    ref: wish.ref,
    workflows: workflows.map((workflow) =>
      viewWorkflow(workflow, { triggered: triggered.includes(workflow), branch }),
    ),
    release: release.lines,
    environments: environments.map(({ view }) => view),
    findings: [...findings, ...release.findings, ...once(environments.flatMap((one) => one.findings))],
  };
}

/** What is refused when it is shipped may be put right until then. */
function asDoubt(error: CodedError): Finding {
  return { ...error.toFinding(), severity: 'warning' };
}

function viewWorkflow(
  workflow: Workflow,
  { triggered, branch }: { triggered: boolean; branch: string },
): PlanView['workflows'][number] {
  const events = workflow.triggers.map(({ event }) => event).join(', ');
  return {
    file: workflow.file,
    name: workflow.name,
    triggered,
    reason: triggered ? null : `a push to ${branch} does not start it (on: ${events})`,
    jobs: workflow.jobs.map((job) => ({
      id: job.id,
      name: job.name?.text ?? job.id,
      needs: job.needs.map(({ id }) => id),
      environment: environmentOf(job)?.name.text ?? null,
      deploys: deploySteps(job).length > 0,
    })),
  };
}

function viewEnvironment({
  app,
  definition,
  branch,
  state,
}: {
  app: App;
  definition: EnvironmentDefinition;
  branch: string;
  state: EnvironmentState | null;
}): PlanView['environments'][number] {
  const { branches, strategy } = definition;
  const stable = state?.stable ?? null;
  return {
    name: definition.name,
    takesRef: branches.length === 0 || matchesPatterns(branches, branch),
    promoteFrom: definition.promoteFrom,
    strategy: strategyText(strategy),
    serving: stable
      ? { revision: stable.id, commit: stable.release.commit, title: stable.release.title }
      : null,
    changes: app.kind === 'compose' ? [] : changes(app, definition, state),
    forecast: null,
  };
}

function strategyText(strategy: StrategyDefinition): string {
  switch (strategy.kind) {
    case 'rolling':
      return `rolling, ${strategy.batch} at a time`;
    case 'canary':
      return `canary, ${strategy.steps.map(stepText).join(', ')}`;
    case 'blue-green':
      return 'blue-green';
    default:
      return unreachable(strategy);
  }
}

function stepText(step: CanaryStep): string {
  const share = `${step.weightPercent}%`;
  return step.flags ? `${share} (then ${flagsText(step)})` : share;
}

function changes(app: App, definition: EnvironmentDefinition, state: EnvironmentState | null): string[] {
  const stable = state?.stable ?? null;
  const lines: string[] = [];
  if (app.releaseCommand !== null) lines.push(`runs the release command once: ${app.releaseCommand}`);
  for (const { name, command } of app.processes) {
    const replicas = definition.replicas[name] ?? 1;
    const copies = replicas === 1 ? '1 copy' : `${replicas} copies`;
    const before = stable?.processes.find((process) => process.name === name);
    const news = !stable
      ? ''
      : !before
        ? ', new'
        : before.command === command
          ? ''
          : `, was: ${before.command}`;
    lines.push(`${name}: ${copies} of "${command}"${news}`);
    if (name !== app.webProcess && !definition.overlap.includes(name) && stable) {
      lines.push(`${name}: the old copy stops before the new one starts, so no work is done for a moment`);
    }
  }
  for (const gone of stable?.processes ?? []) {
    if (!app.processes.some(({ name }) => name === gone.name)) lines.push(`${gone.name}: not run any more`);
  }
  lines.push(
    `ready: ${definition.health.path === null ? 'its port answers' : `GET ${definition.health.path} answers 2xx`}, ${definition.health.successes} times in a row within ${formatDuration(definition.health.deadlineMs)}`,
  );
  if (definition.judge && app.webProcess !== null && stable)
    lines.push(`judged ${judgeText(definition.judge, stable.id)}`);
  lines.push(
    `watched for ${formatDuration(definition.bakeMs)} with all traffic; the old revision stands by for ${formatDuration(definition.rollbackWindowMs)}`,
  );
  lines.push(
    stable ? 'predicted downtime of requests: none' : 'first release here: nothing serves until it is ready',
  );
  return lines;
}
