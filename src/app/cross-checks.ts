import { didYouMean } from '../diagnostics/index.ts';
import type { Finding, Span } from '../diagnostics/index.ts';
import { defaults } from './defaults.ts';
import { formatDuration } from './duration.ts';
import type { WrittenEnvironment } from './environment-shape.ts';
import { checkKind } from './kind-checks.ts';
import { checkMachineNames } from './machine-checks.ts';
import type { App, ProcessType } from './model.ts';
import { checkRules } from './rule-checks.ts';
import type { Entry } from './shapes.ts';
import type { SlipwayYml } from './slipway-yml.ts';

/** Finds what is right by itself but impossible together: across keys, environments, and with the Procfile. */
export function checkTogether(yml: SlipwayYml, kind: App['kind'], processes: ProcessType[]): Finding[] {
  const environments = yml.environments?.value ?? new Map<string, Entry<WrittenEnvironment>>();
  return [
    ...checkPromotions(environments),
    ...checkHosts(yml, environments),
    ...checkKind(yml, kind),
    ...[...environments].flatMap(([name, { value, keyAt }]) => [
      ...checkProcessNames(name, value, processes),
      ...checkWeb(name, value, processes),
      ...checkVariables(name, value),
      ...(kind === 'procfile' ? checkReserved(name, value) : []),
      ...checkMachineNames(name, value),
      ...checkRules(name, value),
      ...checkHealth(name, value),
      ...checkRateLimit(name, value, keyAt),
    ]),
  ];
}

type Environments = ReadonlyMap<string, Entry<WrittenEnvironment>>;

function checkPromotions(environments: Environments): Finding[] {
  const findings: Finding[] = [];
  const inCycle = new Set<string>();
  for (const [name, { value }] of environments) {
    const from = value['promote-from'];
    if (!from) continue;
    if (!environments.has(from.value))
      findings.push(unknownEnvironment(from, [...environments.keys()], name));
    const circle = circleFrom(name, environments);
    if (circle.length === 0 || inCycle.has(name)) continue;
    for (const member of circle) inCycle.add(member);
    const path = [...circle, name].join(' ← ');
    findings.push(
      error('app/promotion-cycle', `environments promote from each other in a circle: ${path}`, from.at, {
        help: 'remove "promote-from" from the environment that a commit reaches first',
      }),
    );
  }
  return findings;
}

function circleFrom(start: string, environments: Environments): string[] {
  const seen: string[] = [];
  let current: string | undefined = start;
  while (current !== undefined && !seen.includes(current)) {
    seen.push(current);
    current = environments.get(current)?.value['promote-from']?.value;
  }
  return current === start ? seen : [];
}

function unknownEnvironment(from: Entry<string>, known: string[], self: string): Finding {
  const others = known.filter((name) => name !== self);
  const near = didYouMean(from.value, others);
  return error('app/unknown-environment', `"${from.value}" is not an environment of this app`, from.at, {
    notes: [`defined: ${others.join(', ') || 'no other environment'}`],
    help:
      near === undefined
        ? `define "${from.value}" under environments, or name another`
        : `did you mean "${near}"?`,
  });
}

function checkHosts(yml: SlipwayYml, environments: Environments): Finding[] {
  const findings: Finding[] = [];
  const owners = new Map<string, string>();
  const production = environments.get(defaults.environmentName)?.value.host;
  const route = yml.route?.value.host;
  if (route && production) {
    findings.push(
      error(
        'app/impossible',
        'production has its own "host", so "route.host" would mean nothing',
        route.keyAt,
        {
          help: 'keep one of the two',
        },
      ),
    );
  }
  if (route && environments.size > 0 && !environments.has(defaults.environmentName)) {
    findings.push(
      error(
        'app/impossible',
        '"route.host" is for production, which this file does not define',
        route.keyAt,
        {
          help: 'move it into an environment, as "host"',
        },
      ),
    );
  }
  for (const [name, { value }] of environments) {
    for (const { value: host, at } of value.host?.value ?? []) {
      const owner = owners.get(host);
      owners.set(host, owner ?? name);
      if (owner === undefined) continue;
      findings.push(
        error('app/duplicate-host', `"${host}" is already the host of ${owner}`, at, {
          help: 'give each environment a host of its own',
        }),
      );
    }
  }
  return findings;
}

function checkProcessNames(
  name: string,
  environment: WrittenEnvironment,
  processes: ProcessType[],
): Finding[] {
  if (processes.length === 0) return [];
  const named = [
    ...[...(environment.replicas?.value ?? [])].map(([process, { keyAt }]) => ({
      process,
      at: keyAt,
      key: 'replicas',
    })),
    ...(environment.overlap?.value ?? []).map(({ value, at }) => ({ process: value, at, key: 'overlap' })),
  ];
  const known = processes.map((process) => process.name).filter((process) => process !== 'release');
  return named
    .filter(({ process }) => !known.includes(process))
    .map(({ process, at, key }) => {
      const path = `environments.${name}.${key}`;
      if (process === 'release') {
        return error('app/impossible', `${path}: "release" runs once and then ends`, at, {
          help: `remove it from ${key}`,
        });
      }
      const near = didYouMean(process, known);
      return error('app/unknown-process', `${path}: "${process}" is not a process type of the Procfile`, at, {
        notes: [`defined: ${known.join(', ')}`],
        help:
          near === undefined
            ? `add "${process}: …" to the Procfile, or remove it here`
            : `did you mean "${near}"?`,
      });
    });
}

function checkWeb(name: string, environment: WrittenEnvironment, processes: ProcessType[]): Finding[] {
  const path = `environments.${name}`;
  const findings: Finding[] = [];
  const report = (message: string, at: Span, help: string) =>
    findings.push(error('app/impossible', `${path}.${message}`, at, { help }));
  const overlap = environment.overlap?.value.find(({ value }) => value === 'web');
  if (overlap) {
    report(
      'overlap: two revisions of "web" always run at once while traffic moves',
      overlap.at,
      'remove web from overlap',
    );
  }
  const replicas = environment.replicas?.value.get('web');
  if (replicas?.value === 0)
    report('replicas.web: nobody would take traffic', replicas.at, 'write 1 or more');
  if (processes.length === 0) return findings;
  const { strategy } = environment;
  const definition = strategy?.value.definition;
  const count = replicas?.value ?? defaults.replicas;
  if (strategy && definition?.kind === 'rolling' && count > 0) {
    const { batch, unavailable } = definition;
    if (batch > count) {
      const message = `strategy: a batch of ${batch} is more than the ${count} of "web"`;
      report(message, strategy.at, `write a batch of at most ${count}, or more replicas of web`);
    }
    if (unavailable >= count) {
      const message = `strategy: with ${unavailable} of ${count} of "web" unavailable nobody would take traffic`;
      const fewer = count > 1 ? `write at most ${count - 1}` : 'remove "unavailable"';
      report(message, strategy.at, `${fewer}, or more replicas of web`);
    }
  }
  if (processes.some((process) => process.name === 'web')) return findings;
  for (const key of ['host', 'health', 'rate-limit', 'smoke', 'judge'] as const) {
    const entry = environment[key];
    if (entry && entry.value !== null)
      report(
        `${key}: there is no process "web" that takes traffic`,
        entry.keyAt,
        'add a "web: …" line to the Procfile, or remove this key',
      );
  }
  const { before, after } = environment.checks?.value ?? {};
  for (const { value, at } of [...(before?.value ?? []), ...(after?.value ?? [])]) {
    if (value.kind === 'request')
      report(
        'checks: there is no process "web" that answers requests',
        at,
        'add a "web: …" line to the Procfile, or write a check with "run"',
      );
  }
  return findings;
}

function checkVariables(name: string, environment: WrittenEnvironment): Finding[] {
  const path = `environments.${name}`;
  const env = environment.env?.value ?? new Map<string, Entry<string>>();
  const secrets = environment.secrets?.value ?? [];
  return secrets
    .filter(({ value }) => env.has(value))
    .map(({ value, at }) =>
      error('app/env-and-secret', `${path}: "${value}" is both in "env" and in "secrets"`, at, {
        help: 'remove it from "env" if it is secret',
      }),
    );
}

/** A container gets what its Compose file says; a process also gets what Slipway sets. */
function checkReserved(name: string, environment: WrittenEnvironment): Finding[] {
  const path = `environments.${name}`;
  const env = environment.env?.value ?? new Map<string, Entry<string>>();
  const secrets = environment.secrets?.value ?? [];
  const written = [
    ...[...env].map(([variable, { keyAt }]) => ({ variable, at: keyAt })),
    ...secrets.map(({ value, at }) => ({ variable: value, at })),
  ];
  return written
    .filter(({ variable }) => variable === 'PORT' || variable.startsWith('SLIPWAY_'))
    .map(({ variable, at }) =>
      error('app/reserved-variable', `${path}: Slipway itself sets "${variable}"`, at, {
        notes: ['reserved: PORT, and every name that starts with SLIPWAY_'],
        help:
          variable === 'PORT'
            ? 'remove it, and let the app listen on the port in PORT'
            : 'choose another name',
      }),
    );
}

function checkHealth(name: string, environment: WrittenEnvironment): Finding[] {
  const health = environment.health?.value;
  if (!health) return [];
  const intervalMs = health.interval?.value ?? defaults.health.intervalMs;
  const successes = health.successes?.value ?? defaults.health.successes;
  const deadlineMs = health.deadline?.value ?? defaults.health.deadlineMs;
  const neededMs = intervalMs * (successes - 1);
  const entry = health.deadline ?? health.interval ?? health.successes;
  if (neededMs < deadlineMs || !entry) return [];
  const message = `${successes} successes every ${formatDuration(intervalMs)} cannot fit into ${formatDuration(deadlineMs)}`;
  return [
    error('app/impossible', `environments.${name}.health: ${message}`, entry.at, {
      help: `write a deadline longer than ${formatDuration(neededMs)}`,
    }),
  ];
}

function checkRateLimit(name: string, environment: WrittenEnvironment, keyAt: Span): Finding[] {
  const limit = environment['rate-limit'];
  if (!limit || limit.value['per-minute']) return [];
  return [
    error('app/missing-key', `environments.${name}.rate-limit needs "per-minute"`, limit.keyAt ?? keyAt, {
      help: 'write it like this: rate-limit: { per-minute: 600, burst: 50 }',
    }),
  ];
}

function error(code: string, message: string, at: Span, more: { notes?: string[]; help: string }): Finding {
  return { code, severity: 'error', message, at, notes: more.notes ?? [], help: more.help };
}
