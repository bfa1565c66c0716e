import type { Finding, Span } from '../diagnostics/index.ts';
import { formatDuration } from './duration.ts';
import type { WrittenEnvironment } from './environment-shape.ts';

/** Finds what is impossible in the strategy and the rules of one environment. */
export function checkRules(name: string, environment: WrittenEnvironment): Finding[] {
  return [
    ...checkBake(name, environment),
    ...checkJudge(name, environment),
    ...checkDeadline(name, environment),
    ...checkReviewers(name, environment),
    ...checkPreview(name, environment),
    ...checkProbe(name, environment),
  ];
}

function checkBake(name: string, { bake, strategy }: WrittenEnvironment): Finding[] {
  const inner = strategy?.value.bake;
  if (!bake || !inner) return [];
  const message = `environments.${name}: "bake" stands in the strategy and beside it`;
  return [error('app/impossible', message, inner.at, 'keep one of the two')];
}

function checkJudge(name: string, environment: WrittenEnvironment): Finding[] {
  const { judge, strategy, bake = strategy?.value.bake } = environment;
  const inner = strategy?.value.judge;
  if (judge && inner) {
    const message = `environments.${name}: "judge" stands in the canary and beside the strategy`;
    return [error('app/impossible', message, inner.keyAt, 'keep one of the two')];
  }
  const atOnce = strategy?.value.definition.kind === 'blue-green';
  if (!judge?.value || !atOnce || bake?.value !== 0) return [];
  const message = `environments.${name}.judge: blue-green moves all traffic at once, and without a bake nobody looks at it after that`;
  return [error('app/impossible', message, judge.keyAt, 'write a bake such as 10m, or take a canary')];
}

/** What the holds of the steps need at least must fit into the deadline. */
function checkDeadline(name: string, { deadline, strategy }: WrittenEnvironment): Finding[] {
  if (!deadline || !strategy) return [];
  const { definition } = strategy.value;
  const holds =
    definition.kind === 'canary'
      ? definition.steps.map(({ hold }) => hold)
      : definition.kind === 'blue-green'
        ? [definition.hold]
        : [];
  const neededMs = holds.reduce((sum, hold) => sum + (hold.kind === 'timer' ? hold.ms : 0), 0);
  if (neededMs < deadline.value) return [];
  const message = `environments.${name}.deadline: the holds of the strategy take ${formatDuration(neededMs)}, which cannot fit into ${formatDuration(deadline.value)}`;
  return [
    error('app/impossible', message, deadline.at, `write a deadline longer than ${formatDuration(neededMs)}`),
  ];
}

function checkReviewers(name: string, environment: WrittenEnvironment): Finding[] {
  const { reviewers } = environment;
  const rule = environment['prevent-self-review'];
  if (!rule?.value) return [];
  const path = `environments.${name}.prevent-self-review`;
  if (!reviewers || reviewers.value.length === 0) {
    return [
      error(
        'app/missing-key',
        `${path} needs "reviewers": nobody is asked`,
        rule.keyAt,
        'add "reviewers: [ana]"',
      ),
    ];
  }
  const [only, second] = reviewers.value;
  if (second || !only) return [];
  const message = `${path}: "${only.value}" is the only reviewer, so nobody can approve what ${only.value} asks for`;
  return [
    {
      ...error('app/one-reviewer', message, rule.keyAt, 'name a second reviewer'),
      severity: 'warning',
    },
  ];
}

function checkPreview(name: string, { host, strategy }: WrittenEnvironment): Finding[] {
  const definition = strategy?.value.definition;
  if (definition?.kind !== 'blue-green' || !definition.preview || !host) return [];
  if (host.value.some(({ value }) => value !== '*')) return [];
  const message = `environments.${name}: a preview is reached at preview.<host>, and "*" is no host name`;
  return [error('app/impossible', message, host.at, 'name a host as well')];
}

function checkProbe(name: string, { health }: WrittenEnvironment): Finding[] {
  if (!health) return [];
  const { path, tcp, command } = health.value;
  const written = [
    ...(path ? ['path'] : []),
    ...(tcp?.value ? ['tcp'] : []),
    ...(command ? ['command'] : []),
  ];
  if (written.length < 2) return [];
  const message = `environments.${name}.health asks by ${written.join(' and by ')}`;
  return [error('app/impossible', message, health.keyAt, 'keep one of them')];
}

function error(code: string, message: string, at: Span, help: string): Finding {
  return { code, severity: 'error', message, at, notes: [], help };
}
