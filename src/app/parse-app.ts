import type { Finding, Result, Span } from '../diagnostics/index.ts';
import { checkTogether } from './cross-checks.ts';
import { defaultEnvironment, defaultEnvironments, defaults, judgeLevels } from './defaults.ts';
import { inPromotionOrder } from './environments.ts';
import { kindOf } from './app-kind.ts';
import type { AppKind } from './app-kind.ts';
import type { WrittenEnvironment } from './environment-shape.ts';
import type {
  App,
  EnvironmentDefinition,
  EnvironmentRules,
  HealthDefinition,
  JudgeDefinition,
  MigrationRules,
  ProcessType,
  ServiceRules,
} from './model.ts';
import type { WrittenService } from './compose-shape.ts';
import type { Entry } from './shapes.ts';
import { nameFrom } from './names.ts';
import { parseProcfile } from './procfile.ts';
import type { SourceFile } from './procfile.ts';
import { readSlipwayYml } from './slipway-yml.ts';
import type { SlipwayYml } from './slipway-yml.ts';

/** The files that say what an app is, as committed; absent ones are left out. */
export interface AppFiles {
  procfile?: SourceFile | undefined;
  slipwayYml?: SourceFile | undefined;
  /** Those of `composeFileNames` that the root has. */
  rootFiles?: readonly string[] | undefined;
  /** Text of the `.env` at the root, which may name the Compose files. */
  dotEnv?: string | undefined;
  /** Text of the package.json at the root. */
  packageJson?: string | undefined;
  /** The folder's or package's name; used where slipway.yml has no `name`. */
  fallbackName: string;
  /** Branch that `production` takes when slipway.yml defines no environments; `main` when absent. */
  defaultBranch?: string | undefined;
}

/** Reads what a repository says about itself; all mistakes of all files at once. */
export function parseApp(files: AppFiles): Result<App> {
  const yml = files.slipwayYml ? readSlipwayYml(files.slipwayYml) : { value: {}, findings: [] };
  const start = startScript(files.packageJson ?? '');
  const kind = kindOf({
    yml: yml.value,
    hasProcfile: files.procfile !== undefined,
    hasStartScript: start !== null,
    rootFiles: files.rootFiles ?? [],
    dotEnv: files.dotEnv ?? '',
  });
  // A file with mistakes may lack the very key that says which.
  const doubts = yml.findings.some(isError)
    ? kind.findings.filter(({ code }) => code !== 'app/which-kind')
    : kind.findings;
  const { processes, findings } = kind.kind === 'compose' ? noProcesses() : readProcesses(files, start);
  // A damaged Procfile says nothing certain about what is missing in it.
  const certain = findings.some(isError) ? [] : processes;
  findings.push(...doubts);
  const name = yml.value.name?.value ?? nameFrom(files.fallbackName);
  if (name === '') findings.push(noName(files.fallbackName));
  findings.push(...inFileOrder([...yml.findings, ...checkTogether(yml.value, kind.kind, certain)]));
  const app = assemble({
    name,
    kind,
    processes,
    yml: yml.value,
    defaultBranch: files.defaultBranch ?? 'main',
  });
  return findings.some(isError) ? { ok: false, findings } : { ok: true, value: app, warnings: findings };
}

function isError(finding: Finding): boolean {
  return finding.severity === 'error';
}

function inFileOrder(findings: Finding[]): Finding[] {
  const place = ({ at }: Finding) => (at ? at.start.line * 10_000 + at.start.column : 0);
  return findings.sort((a, b) => place(a) - place(b));
}

function noProcesses(): { processes: ProcessType[]; findings: Finding[] } {
  return { processes: [], findings: [] };
}

function readProcesses(
  files: AppFiles,
  start: Span | null,
): { processes: ProcessType[]; findings: Finding[] } {
  if (files.procfile) return parseProcfile(files.procfile);
  if (!start) return noProcesses();
  const note: Finding = {
    code: 'app/start-script',
    severity: 'note',
    message: 'there is no Procfile, so the "start" script of package.json is the web process',
    at: start,
    notes: [],
    help: 'commit a Procfile with the line "web: npm start" to say so yourself',
  };
  return { processes: [{ name: 'web', command: 'npm start', at: start }], findings: [note] };
}

function startScript(packageJson: string): Span | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(packageJson);
  } catch {
    return null;
  }
  const start = (parsed as { scripts?: { start?: unknown } } | null)?.scripts?.start;
  if (typeof start !== 'string' || start.trim() === '') return null;
  const scripts = packageJson.search(/"scripts"\s*:/);
  const within = packageJson.slice(scripts).search(/"start"\s*:/);
  const before = packageJson.slice(0, scripts + within).split('\n');
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  return { file: 'package.json', start: { line, column }, end: { line, column: column + '"start"'.length } };
}

function noName(fallbackName: string): Finding {
  return {
    code: 'app/no-name',
    severity: 'error',
    message: `no name for the app can be made out of "${fallbackName}"`,
    notes: [],
    help: 'commit a slipway.yml with a line such as "name: medianest"',
  };
}

interface Parts {
  name: string;
  kind: AppKind;
  processes: ProcessType[];
  yml: SlipwayYml;
  defaultBranch: string;
}

function assemble({ name, kind: { kind, compose }, processes, yml, defaultBranch }: Parts): App {
  const written = [...(yml.environments?.value ?? [])];
  const hasWeb = processes.some((process) => process.name === 'web');
  const routeHosts = yml.route?.value.host?.value.map(({ value }) => value);
  const environments = (
    written.length === 0
      ? defaultEnvironments(name, defaultBranch)
      : inPromotionOrder(written.map(([key, { value }]) => environmentFrom(name, key, value)))
  ).map((environment) => {
    const ownHosts = yml.environments?.value.get(environment.name)?.value.host;
    const takesRoute = environment.name === defaults.environmentName && !ownHosts && routeHosts;
    const hosts = takesRoute ? routeHosts : environment.hosts;
    return {
      ...environment,
      hosts: hasWeb || kind === 'compose' ? hosts : [],
      migration: migrationFrom(yml),
    };
  });
  return {
    name,
    kind,
    compose,
    route: {
      service: yml.route?.value.service?.value ?? null,
      port: yml.route?.value.port?.value ?? null,
    },
    services: Object.fromEntries(
      [...(yml.services?.value ?? [])].map(([service, written]) => [service, serviceRules(written)]),
    ),
    processes: processes.filter((process) => process.name !== 'release'),
    webProcess: hasWeb ? 'web' : null,
    releaseCommand: processes.find((process) => process.name === 'release')?.command ?? null,
    release: {
      artifact: yml.release?.value.artifact?.value ?? null,
      install: yml.release?.value.install?.value ?? null,
    },
    vars: entries(yml.vars?.value),
    environments,
  };
}

function serviceRules({ value, keyAt }: Entry<WrittenService>): ServiceRules {
  return {
    ...(value.role ? { role: value.role.value } : {}),
    ...(value.overlap ? { overlap: value.overlap.value } : {}),
    ...(value.downtime ? { downtime: value.downtime.value } : {}),
    at: keyAt,
  };
}

function migrationFrom(yml: SlipwayYml): MigrationRules {
  const written = yml.migration?.value;
  return {
    irreversible: written?.irreversible?.value ?? false,
    twoReleases: written?.['two-releases']?.value ?? false,
    command: written?.command?.value ?? null,
  };
}

function entries<T>(map: Map<string, { value: T }> | undefined): Record<string, T> {
  return Object.fromEntries([...(map ?? [])].map(([key, { value }]) => [key, value]));
}

function environmentFrom(appName: string, name: string, written: WrittenEnvironment): EnvironmentDefinition {
  const usual = defaultEnvironment(appName, name);
  const values = <T>(list: { value: T }[] | undefined) => list?.map(({ value }) => value) ?? [];
  return {
    ...usual,
    unwritten: unwrittenOf(written),
    branches: values(written.branches?.value),
    promoteFrom: written['promote-from']?.value ?? null,
    hosts: written.host ? values(written.host.value) : usual.hosts,
    machines: written.machines ? values(written.machines.value) : usual.machines,
    env: entries(written.env?.value),
    vars: entries(written.vars?.value),
    envFile: written['env-file']?.value ?? null,
    secrets: values(written.secrets?.value),
    replicas: entries(written.replicas?.value),
    strategy: written.strategy?.value.definition ?? usual.strategy,
    health: healthFrom(written),
    drainTimeoutMs: written['drain-timeout']?.value ?? usual.drainTimeoutMs,
    bakeMs: written.bake?.value ?? written.strategy?.value.bake?.value ?? usual.bakeMs,
    rollbackWindowMs: written['rollback-window']?.value ?? usual.rollbackWindowMs,
    overlap: values(written.overlap?.value),
    rateLimit: rateLimitFrom(written),
    rules: rulesFrom(written),
    smoke:
      written.smoke?.value.map(({ value }) => ({
        path: value.path?.value ?? '/',
        status: value.status?.value ?? 200,
      })) ?? [],
    checks: {
      before: values(written.checks?.value.before?.value),
      after: values(written.checks?.value.after?.value),
    },
    judge: judgeFrom(written),
  };
}

/** What is written, `off` included; a canary is judged unless it says otherwise. */
function judgeFrom({ judge, strategy }: WrittenEnvironment): JudgeDefinition | null {
  const said = judge ?? strategy?.value.judge;
  if (said) return said.value;
  return strategy?.value.definition.kind === 'canary' ? judgeLevels[defaults.judge] : null;
}

function unwrittenOf({ strategy, health, bake }: WrittenEnvironment): EnvironmentDefinition['unwritten'] {
  const written = {
    strategy,
    'health.deadline': health?.value.deadline,
    bake: bake ?? strategy?.value.bake?.value,
  };
  return (['strategy', 'health.deadline', 'bake'] as const).filter((key) => written[key] === undefined);
}

function healthFrom(written: WrittenEnvironment): HealthDefinition {
  const health = written.health?.value;
  return {
    probe: health?.command ? 'command' : health?.tcp?.value ? 'tcp' : 'http',
    command: health?.command?.value ?? defaults.health.command,
    path: health?.path?.value ?? defaults.health.path,
    intervalMs: health?.interval?.value ?? defaults.health.intervalMs,
    probeTimeoutMs: health?.timeout?.value ?? defaults.health.probeTimeoutMs,
    successes: health?.successes?.value ?? defaults.health.successes,
    deadlineMs: health?.deadline?.value ?? defaults.health.deadlineMs,
  };
}

function rulesFrom(written: WrittenEnvironment): EnvironmentRules {
  return {
    reviewers: written.reviewers?.value.map(({ value }) => value) ?? [],
    preventSelfReview: written['prevent-self-review']?.value ?? false,
    waitTimerMs: written['wait-timer']?.value ?? 0,
    windows: written.windows?.value.map(({ value }) => value) ?? [],
    deadlineMs: written.deadline?.value ?? null,
  };
}

function rateLimitFrom(written: WrittenEnvironment): EnvironmentDefinition['rateLimit'] {
  const limit = written['rate-limit']?.value;
  const perMinute = limit?.['per-minute']?.value;
  return perMinute === undefined ? null : { perMinute, burst: limit?.burst?.value ?? perMinute };
}
