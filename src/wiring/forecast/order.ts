import {
  formatDuration,
  type CheckDefinition,
  type ComposeAppService,
  type EnvironmentDefinition,
  type Hold,
} from '../../app/index.ts';
import {
  compileStrategy,
  here,
  nameOfCheck,
  previewHost,
  replaceAtOnce,
  type Step,
} from '../../delivery/index.ts';
import { flagsText } from '../flags-text.ts';
import { judgeText } from '../judge-text.ts';
import { replacedShared, standsAlone } from './alone.ts';
import type { ForecastFacts } from './model.ts';

/** What happens in which order, one sentence each. */
export function orderOfRollout(facts: ForecastFacts): string[] {
  return [
    ...waits(facts.app.environment),
    ...prepares(facts),
    ...tasks(facts),
    ...steps(facts),
    ...judged(facts),
    ...afterwards(facts),
  ];
}

function waits({ rules }: EnvironmentDefinition): string[] {
  const { reviewers, preventSelfReview, waitTimerMs, windows } = rules;
  const others = preventSelfReview ? ', not by whoever asked' : '';
  return [
    ...(windows.length > 0 ? [`waits for ${windows.map(({ text }) => text).join(' or ')}`] : []),
    ...(waitTimerMs > 0 ? [`waits ${formatDuration(waitTimerMs)}`] : []),
    ...(reviewers.length > 0 ? [`waits for approval by ${reviewers.join(' or ')}${others}`] : []),
  ];
}

function prepares({ app, state, shared }: ForecastFacts): string[] {
  const builds = app.project.services.filter(({ build }) => build !== null).map(({ name }) => name);
  const pulls = app.project.services.filter(({ build }) => build === null).map(({ name }) => name);
  const images = [
    ...(builds.length > 0 ? [`builds the images of ${builds.join(', ')}`] : []),
    ...(pulls.length > 0 ? [`gets those of ${pulls.join(', ')}`] : []),
  ];
  const running = new Set((state?.shared ?? []).map(({ service }) => service.name));
  const away = app.environment.machines.filter((name) => name !== here);
  const replaced = replacedShared({ state, shared });
  const starting = app.services.filter(({ role, name }) => role === 'shared' && !running.has(name));
  return [
    images.join('; '),
    ...(away.length > 0 ? [`brings the images to ${away.join(', ')}`] : []),
    ...(starting.length > 0
      ? [
          `starts ${starting.map(({ name }) => name).join(', ')}, and waits until ${starting.length === 1 ? 'it is' : 'they are'} ready`,
        ]
      : []),
    ...(replaced.length > 0
      ? [
          `shows users the maintenance page, stops ${replaced.join(', ')} and starts ${replaced.length === 1 ? 'it' : 'them'} anew; what fails from here on puts back what ran`,
        ]
      : []),
  ];
}

function tasks({ app, state, shared }: ForecastFacts): string[] {
  const { irreversible, twoReleases } = app.environment.migration;
  const lines = app.tasks.map(({ name, command }) =>
    command === ''
      ? `runs ${name} to its end, once${onFirst(app.environment)}`
      : `runs "${command}" in the new image of ${name}, once${onFirst(app.environment)}`,
  );
  if (lines.length > 0 && state?.stable && replacedShared({ state, shared }).length === 0) {
    const smoke = app.environment.smoke.length > 0 ? ' and its smoke requests' : '';
    lines.push(`checks that ${state.stable.id} still passes its health checks${smoke}, before traffic moves`);
  }
  if (irreversible) {
    lines.push(
      'from there on going back to an older release is refused, unless forced: its migration is irreversible',
    );
  }
  if (twoReleases) {
    lines.push(
      'slipway.yml says that old and new cannot run on one schema: split it in two releases, the first of which adds and the second removes',
    );
  }
  return lines;
}

/** What there may be only one of, where there are several machines. */
function onFirst({ machines }: EnvironmentDefinition): string {
  return machines.length > 1 ? ` and on ${machines[0]} alone` : '';
}

function steps({ app, state, shared }: ForecastFacts): string[] {
  const { environment, web, services } = app;
  const routed = services.find(({ role }) => role === 'web');
  if (!web || !routed) return [];
  const old = state?.stable?.processes.find(({ role }) => role === 'web');
  const alone = standsAlone({ app, state, shared });
  const count = { candidate: routed.replicas, stable: old?.replicas ?? 0 };
  const compiled = alone
    ? replaceAtOnce(environment.strategy, count)
    : compileStrategy(environment.strategy, count);
  const companions = services.filter(({ role }) => role === 'companion').map(({ name }) => name);
  const beside = companions.length > 0 ? `, with ${companions.join(', ')} of its own` : '';
  const ready = readyText(environment);
  const many = environment.machines.length > 1;
  return compiled.map((step, index) => {
    const before = compiled[index - 1];
    const more = step.ready - (before?.ready ?? 0);
    const taken = step.taken - (before?.taken ?? 0);
    const start =
      more > 0
        ? `starts ${copies(more)} of ${web.service}${many ? ' on each machine' : ''}${index === 0 ? `${beside}; ready when ${ready}` : ''}; then `
        : '';
    const page = alone ? `shows users the maintenance page, ` : '';
    const room = taken > 0 ? `${page}stops ${copies(taken)} of the old ${web.service}, ` : '';
    const first = index === 0 ? checkText(environment.checks.before, '; checks ') : '';
    const turned = step.flags ? `; then ${flagsText(step)}` : '';
    const then = step.weightPercent > 0 ? checkText(environment.checks.after, '; then checks ') : '';
    const begin = first === '' ? start : `${start.replace(/; then $/, '')}${first}; then `;
    const everywhere = many ? ' on all machines' : '';
    return `${room}${begin}${traffic(step, environment)}${everywhere}${turned}${then}${holdText(step.hold)}`;
  });
}

function judged({ app: { environment, web }, state }: ForecastFacts): string[] {
  const { judge } = environment;
  if (!judge || !web || !state?.stable) return [];
  return [`from the first of its traffic on, judges it ${judgeText(judge, state.stable.id)}`];
}

function checkText(checks: CheckDefinition[], words: string): string {
  return checks.length === 0 ? '' : `${words}${checks.map(nameOfCheck).join(', ')}`;
}

function copies(count: number): string {
  return count === 1 ? '1 copy' : `${count} copies`;
}

function traffic({ weightPercent }: Step, { strategy, hosts }: EnvironmentDefinition): string {
  if (weightPercent === 100) return 'all traffic';
  if (weightPercent > 0) return `${weightPercent}% of traffic`;
  const preview = strategy.kind === 'blue-green' && strategy.preview ? previewHost(hosts) : null;
  return preview === null ? 'no traffic yet' : `no traffic but that of ${preview}`;
}

function holdText(hold: Hold): string {
  if (hold.kind === 'timer') return `; holds for ${formatDuration(hold.ms)}`;
  return hold.kind === 'approval' ? '; holds until somebody approves' : '';
}

function readyText({ health, smoke }: EnvironmentDefinition): string {
  const asked = {
    http: health.path === null ? 'it answers' : `GET ${health.path} answers 2xx`,
    tcp: 'its port is open',
    command: `"${health.command}" ends with 0 in it`,
  }[health.probe];
  const tried = smoke.map(({ path, status }) => `GET ${path} answers ${status}`);
  return [
    `${asked} ${health.successes} times in a row within ${formatDuration(health.deadlineMs)}`,
    ...tried,
  ].join(' and ');
}

function workerText({ name, overlap }: ComposeAppService, environment: EnvironmentDefinition): string {
  return overlap ? name : `${name}${onFirst(environment).replace(' and', '')}`;
}

function afterwards({ app, state, shared }: ForecastFacts): string[] {
  const { environment, services } = app;
  const stable = state?.stable ?? null;
  const alone = standsAlone({ app, state, shared });
  const workers = services.filter(({ role }) => role === 'worker');
  const old = (stable?.processes ?? []).filter(({ role }) => role === 'worker');
  const ending = old.filter(
    ({ name, overlap }) => !(overlap && workers.some((one) => one.name === name && one.overlap)),
  );
  const left = (stable?.machines ?? []).filter((name) => !environment.machines.includes(name));
  return [
    ...(stable && app.web && !alone
      ? [`${stable.id} finishes its requests, for at most ${formatDuration(environment.drainTimeoutMs)}`]
      : []),
    ...(ending.length > 0 ? [`ends the old ${ending.map(({ name }) => name).join(', ')}`] : []),
    ...(workers.length > 0
      ? [`starts ${workers.map((one) => workerText(one, environment)).join(', ')}`]
      : []),
    `watches for ${formatDuration(environment.bakeMs)}${app.web ? ' with all traffic' : ''}; any failure up to here goes back by itself${environment.machines.length > 1 ? ', on all machines' : ''}`,
    ...(stable && environment.rollbackWindowMs > 0
      ? [
          alone
            ? `${stable.id} is remembered; a way back starts it again`
            : `${stable.id} stands by for ${formatDuration(environment.rollbackWindowMs)}, for a way back at once`,
        ]
      : []),
    ...(left.length > 0 ? [`${left.join(', ')} is left: what runs there ends with ${stable?.id}`] : []),
  ];
}
