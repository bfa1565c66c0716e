import { createHash } from 'node:crypto';
import { composeFor, type App, type ComposeApp, type EnvironmentDefinition } from '../app/index.ts';
import { withoutPlaces, type ComposeProject, type ComposeService } from '../compose/index.ts';
import type { Revision } from '../delivery/index.ts';
import type { Finding, Result } from '../diagnostics/index.ts';
import { canonicalJson } from '../flow/index.ts';
import type { ResolvedEnvironment } from '../secrets/index.ts';
import type { CommitFiles } from './repository-files.ts';
import { holdsMarker, markedSecrets, markerOf, revealKnown } from './secret-markers.ts';
import { withSources } from './sources.ts';

interface ComposeWish {
  app: App;
  definition: EnvironmentDefinition;
  files: Pick<CommitFiles, 'read'>;
  variables: Pick<ResolvedEnvironment, 'env' | 'fromEnvFile' | 'secretRefs'>;
}

/** A Compose app as its files say it in one environment, with the texts that findings point into. */
export async function readCompose({ app, definition: environment, files, variables }: ComposeWish): Promise<{
  result: Result<ComposeApp>;
  texts: Record<string, string>;
}> {
  const request = { app, environment, env: composeVariables(variables), ...valuesBehind(variables) };
  const { value: result, texts } = await withSources(files, (sources) => {
    const resolved = composeFor({ ...request, sources });
    if (!resolved.ok) return resolved;
    const kept = secretsInImages(resolved.value.project);
    return kept.length === 0 ? resolved : { ok: false as const, findings: [...resolved.warnings, ...kept] };
  });
  return { result, texts };
}

/** How the markers are read: roles by all values; keys that Slipway keeps by those of the env file, never by secrets. */
function valuesBehind({ env, fromEnvFile, secretRefs }: ComposeWish['variables']) {
  const names = fromEnvFile.filter((name) => !secretRefs.some((secret) => secret.name === name));
  const open = Object.fromEntries(names.map((name) => [name, env[name] ?? '']));
  return {
    standIns: { opened: (text: string) => revealKnown(text, open), secretsIn: markedSecrets },
    reveal: (text: string) => revealKnown(text, env),
  };
}

/**
 * Variables that Compose files may name: secrets as markers, and what comes from the env file too, unless it is a number
 * or a word of a setting, which is no secret wherever it stands.
 */
export function composeVariables({
  env,
  fromEnvFile,
  secretRefs,
}: ComposeWish['variables']): Record<string, string> {
  const hidden = new Set([
    ...secretRefs.map(({ name }) => name),
    ...fromEnvFile.filter((name) => !isSetting(name, env[name] ?? '')),
  ]);
  const entries = Object.entries(env).map(([name, value]) => [
    name,
    hidden.has(name) ? markerOf(name) : value,
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** A port, a size, a switch, too short and common to be a secret; and what is for Compose itself. */
function isSetting(name: string, value: string): boolean {
  return name.startsWith('COMPOSE_') || value.length < 4 || /^(\d{1,5}|true|false)$/i.test(value);
}

/** What a revision takes over from a Compose app. */
export function shapeOfCompose({ project, services, web, tasks, environment }: ComposeApp) {
  const running = services.flatMap(({ name, role, replicas, overlap, alone, after }) =>
    role === 'task' || role === 'shared'
      ? []
      : [{ name, command: '', replicas, role, overlap, alone, after }],
  );
  const shared: Revision['shared'] = services
    .filter(({ role }) => role === 'shared')
    .map(({ name, after, mayBeAway }) => ({
      name,
      after,
      fingerprint: sharedFingerprint(project, name),
      ...(mayBeAway ? { downtime: 'allowed' as const } : {}),
    }));
  return {
    processes: running,
    shared,
    tasks,
    project,
    port: web?.port ?? null,
    health: environment.health,
    secrets: namedSecrets(project),
  };
}

/** Changes with what a shared service is started with; another image of the same reference is no change of it. */
function sharedFingerprint(project: ComposeProject, name: string): string {
  const service = project.services.find((one) => one.name === name);
  const { volumes, networks } = project;
  const text = canonicalJson(withoutPlaces({ service, volumes, networks }));
  return createHash('sha256').update(text).digest('hex');
}

/** Secrets that the top level names by themselves: external ones, and those of a variable. */
function namedSecrets({ secrets }: ComposeProject): string[] {
  return Object.values(secrets).flatMap((source) => {
    if (source.from === 'external') return [source.name];
    return source.from === 'environment' ? [source.variable] : [];
  });
}

/** A build argument stays readable in the image for good, so no secret may be one. */
function secretsInImages({ services }: ComposeProject): Finding[] {
  return services.flatMap((service) => {
    const { build } = service;
    if (build === null || !holdsMarker(build.args)) return [];
    const names = Object.entries(build.args).filter(([, value]) => holdsMarker(value));
    return [
      secretArgument(
        service,
        names.map(([name]) => name),
      ),
    ];
  });
}

function secretArgument({ name, build, at }: ComposeService, args: string[]): Finding {
  return {
    code: 'wiring/secret-in-image',
    severity: 'error',
    message: `the build of "${name}" has a secret as argument ${args.map((arg) => `"${arg}"`).join(', ')}, which anyone who has the image can read`,
    at: build?.at ?? at,
    notes: [],
    help: 'give it as a secret of the build: "secrets:" under "build:", and "RUN --mount=type=secret" in the Dockerfile',
  };
}
