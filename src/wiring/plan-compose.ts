import type { App, ComposeApp, EnvironmentDefinition } from '../app/index.ts';
import { here, type EnvironmentState } from '../delivery/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import { wantedImages } from '../release/index.ts';
import { resolveEnvironment, type Vault } from '../secrets/index.ts';
import type { Mirror } from '../source/index.ts';
import { ignoreFilesOf } from './forecast/build-files.ts';
import { askMachines } from './ask-machines.ts';
import { checkBinds } from './bind-checks.ts';
import { forecastRollout } from './forecast/forecast.ts';
import type { Forecast, ImageSize } from './forecast/model.ts';
import { commitFiles, type CommitFiles } from './repository-files.ts';
import { readCompose, shapeOfCompose } from './resolve-compose.ts';
import { withContent } from './shared-content.ts';
import { dataFindingsOfCommit } from './shared-data-checks.ts';
import type { System } from './system.ts';

/** A Compose app, one of its environments, and a commit that might be shipped there. */
export interface ComposePlanWish {
  app: App;
  definition: EnvironmentDefinition;
  state: EnvironmentState | null;
  mirror: Mirror;
  commit: string;
}

/** The forecast for one environment, or null with the mistakes that stand in its way. */
export async function planCompose(
  wish: ComposePlanWish,
  { store, vault, docker, machines }: Pick<System, 'store' | 'vault' | 'docker' | 'machines'>,
): Promise<{ forecast: Forecast | null; findings: Finding[] }> {
  const { app, definition, state, mirror, commit } = wish;
  const files = commitFiles(mirror, commit);
  const { variables, result } = await readForPlan({ app, definition, files }, vault);
  if (!result.ok) return { forecast: null, findings: [...variables.findings, ...result.findings] };
  const shape = shapeOfCompose(result.value);
  const named = await resolveEnvironment({
    app: app.name,
    definition: {
      name: definition.name,
      env: {},
      envFile: null,
      secrets: shape.secrets.filter((name) => !definition.secrets.includes(name)),
    },
    vault,
  });
  const secrets = [...variables.secretRefs, ...named.secretRefs];
  const { asked, obstacles } = await askMachines({ definition }, machines);
  const serving = state?.stable?.release.commit;
  const forecast = forecastRollout({
    app: result.value,
    shared: await withContent(shape.shared, result.value.project, {
      env: variables.env,
      secrets,
      mirror,
      commit,
    }),
    secrets,
    state,
    changedFiles: serving === undefined ? null : await mirror.changedFiles(serving, commit).catch(() => null),
    ignoreFiles: await ignoreFiles(result.value, files),
    machines: await Promise.all(
      definition.machines.map(async (name) => ({
        name,
        problem: obstacles.find(({ machine }) => machine === name)?.finding.message ?? null,
        free: asked.find((one) => one.name === name)?.facts?.free ?? nobodySays,
        images: await imageSizes(result.value, state, { docker, has: hasImages(name, state) }),
      })),
    ),
  });
  return {
    forecast,
    findings: [
      ...variables.findings,
      ...named.findings,
      ...result.warnings,
      ...obstacles.map(({ finding }) => finding),
      ...(await dataFindingsOfCommit({ app: app.name, result: result.value, files }, { store, machines })),
    ],
  };
}

async function ignoreFiles({ project }: ComposeApp, files: CommitFiles): Promise<Record<string, string>> {
  const paths = project.services.flatMap(({ build }) => (build ? ignoreFilesOf(build).flat() : []));
  const texts: Record<string, string> = {};
  for (const path of new Set(paths)) {
    const text = await files.read(path);
    if (text !== null) texts[path] = text;
  }
  return texts;
}

/** The Compose files as an environment would have them, whether or not its secrets have values already. */
export async function readForPlan(
  { app, definition, files }: { app: App; definition: EnvironmentDefinition; files: CommitFiles },
  vault: Vault,
) {
  const variables = await resolveEnvironment({ app: app.name, definition, vault });
  // A secret without a value is told once; with its marker the files say the rest.
  const secretRefs = definition.secrets.map(
    (name) => variables.secretRefs.find((ref) => ref.name === name) ?? { name, version: 0 },
  );
  const env = { ...Object.fromEntries(definition.secrets.map((name) => [name, ''])), ...variables.env };
  const read = await readCompose({ app, definition, files, variables: { ...variables, env, secretRefs } });
  const { result } = read;
  if (!result.ok) return { variables, ...read };
  const warnings = [...result.warnings, ...(await checkBinds(result.value.project, files))];
  return { variables, ...read, result: { ...result, warnings } };
}

const nobodySays = { memoryBytes: null, diskBytes: null };

/** A machine that takes part already has what this one has; to any other all images are brought. */
function hasImages(machine: string, state: EnvironmentState | null): boolean {
  return machine === here || (state?.stable?.machines ?? []).includes(machine);
}

/**
 * What the engine here knows of images: those it has, and how large those are that will be built anew, or brought to a
 * machine that has none of them. Nothing without an engine.
 */
async function imageSizes(
  { project }: ComposeApp,
  state: EnvironmentState | null,
  { docker: { engine }, has }: { docker: System['docker']; has: boolean },
): Promise<Record<string, ImageSize>> {
  const sizeOf = async (image: string) =>
    (await engine.images.inspect(image).catch(() => null))?.Size ?? null;
  const sizes: Record<string, ImageSize> = {};
  for (const { services, build, reference } of wantedImages([project])) {
    const ownBytes = build === null && reference !== null ? await sizeOf(reference) : null;
    const there = has && ownBytes !== null;
    const running = services.map((name) => state?.stable?.images[name]).find((image) => image !== undefined);
    const aboutBytes = ownBytes ?? (running === undefined ? null : await sizeOf(running));
    if (aboutBytes === null) continue;
    // Services of one build share its image.
    for (const [index, name] of services.entries())
      sizes[name] = there || index > 0 ? { there: true } : { there: false, aboutBytes };
  }
  return sizes;
}
