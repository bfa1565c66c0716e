import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';
import { percentIn } from '../flag-values.ts';
import type { FlagContext, FlagJson } from '../../flags/index.ts';
import type { FlagsChangeView, FlagsView, FlagWish } from '../../wiring/index.ts';
import { nameApp, nameEnvironment } from '../app-of.ts';
import { actorIn } from '../commit-of.ts';
import { outLook, show, withServer, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { refuseUnknown } from '../known-environment.ts';
import { renderTable } from '../render/table.ts';
import { harmless, type Look } from '../render/text.ts';
import { age } from '../render/time.ts';

interface FlagsOptions extends CommonOptions {
  app?: string;
  dryRun?: boolean;
}

/** Shows the flags of an environment. */
export async function list(context: CliContext, options: FlagsOptions, named?: string): Promise<number> {
  return withServer(context, options, async (client) => {
    const app = await nameApp(context, client, options);
    const environment = await nameEnvironment(client, app, named);
    const view = await client.flags({ app, environment });
    show(context, options, view, () => flagsPage(view, outLook(context)));
    return exitCodes.done;
  });
}

/** Gives everybody one variant. */
export function set(context: CliContext, options: FlagsOptions): Promise<number> {
  const [environment = '', flag = '', variant = ''] = options.words ?? [];
  return change(context, options, { environment, wish: { kind: 'set', flag, variant } });
}

/** Gives a share of the users a variant, or begins to raise that share. */
export async function ramp(
  context: CliContext,
  options: FlagsOptions & { steps?: string; hold?: string },
): Promise<number> {
  const [environment = '', flag = '', variant = '', share] = options.words ?? [];
  if (options.steps !== undefined && share !== undefined) {
    throw new CodedError('flags/bad-percent', `"${share}" and --steps both say how many users get it`, {
      help: 'leave one of them out: --steps 1%,10%,50%,100% begins with its first share',
    });
  }
  if (options.steps !== undefined || share === undefined) {
    const { beginRamp } = await import('./flag-ramps.ts');
    return beginRamp(context, options, { environment, flag, variant });
  }
  return change(context, options, {
    environment,
    wish: { kind: 'ramp', flag, variant, percent: percentIn(share) },
  });
}

/** Puts a document in the place of the one that stands. */
export async function apply(context: CliContext, options: FlagsOptions): Promise<number> {
  const [environment = '', file = ''] = options.words ?? [];
  const text = await readFile(resolve(context.cwd, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    const what = error.code === 'EACCES' ? `${file} cannot be read` : `there is no file ${file}`;
    throw new CodedError('cli/no-flag-file', what, {
      help: 'name a document of flagd: slipway flags apply ENVIRONMENT FILE',
      cause: error,
    });
  });
  return change(context, options, { environment, wish: { kind: 'apply', file, text } });
}

/** Puts the flags of an earlier version back. */
export function rollback(
  context: CliContext,
  options: FlagsOptions & { to?: number },
  environment: string,
): Promise<number> {
  return change(context, options, { environment, wish: { kind: 'back', version: options.to ?? null } });
}

/** Shows who changed what. */
export async function history(
  context: CliContext,
  options: FlagsOptions & { limit?: number },
  environment: string,
): Promise<number> {
  return withServer(context, options, async (client) => {
    const app = await nameApp(context, client, options);
    const { limit } = options;
    const versions = await client.flagHistory({
      app,
      environment,
      ...(limit === undefined ? {} : { limit }),
    });
    show(context, options, versions, () =>
      versions.length === 0
        ? [`${app}/${environment} has no flags yet`]
        : versions.flatMap(({ version, atMs, actor, why, changes }) => [
            `version ${version}, ${age(context.nowMs() - atMs)} ago, by ${harmless(actor)}${why === null ? '' : ` (${harmless(why)})`}`,
            ...changes.map((line) => `  ${harmless(line)}`),
          ]),
    );
    return exitCodes.done;
  });
}

/** Says what somebody gets of a flag, and why. */
export async function evaluate(
  context: CliContext,
  options: FlagsOptions & { user?: string; context?: Record<string, string> },
): Promise<number> {
  const [environment = '', flag = ''] = options.words ?? [];
  const known: FlagContext = Object.fromEntries(
    Object.entries(options.context ?? {}).map(([name, text]) => [name, valueOf(text)]),
  );
  const whom = options.user === undefined ? known : { ...known, targetingKey: options.user };
  return withServer(context, options, async (client) => {
    const app = await nameApp(context, client, options);
    const answer = await client.explainFlag({ app, environment, flag, context: whom });
    show(context, options, answer, () => [
      answer.variant === null ? `${flag}: no value` : `${flag}: ${answer.variant} (${answer.value})`,
      `  ${harmless(answer.why)}`,
    ]);
    return exitCodes.done;
  });
}

/** Numbers and truth values as such, all else as text. */
function valueOf(text: string): FlagJson {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

function change(
  context: CliContext,
  options: FlagsOptions,
  { environment, wish }: { environment: string; wish: FlagWish },
): Promise<number> {
  return withServer(context, options, async (client) => {
    const app = await nameApp(context, client, options);
    const actor = await actorIn(context, context.cwd);
    const { dryRun = false } = options;
    // All other changes are of flags that are there already.
    if (wish.kind === 'apply') await refuseUnknown(context, client, { app, environment });
    const done = await client.changeFlags({ app, environment, wish, actor, dryRun });
    show(context, options, done, () => changePage(done, dryRun));
    return exitCodes.done;
  });
}

function changePage(
  { app, environment, version, changes, address, notes }: FlagsChangeView,
  dryRun: boolean,
) {
  const place = `${app}/${environment}`;
  const lines = changes.map((line) => `  ${harmless(line)}`);
  if (changes.length === 0) return [`nothing to change: the flags of ${place} are so already`];
  if (dryRun) return [`the flags of ${place} would change`, ...lines];
  return [
    `the flags of ${place} are version ${version} now${address === null ? '' : `, answered at ${address}`}`,
    ...lines,
    ...notes.map((note) => `note: ${note}`),
  ];
}

function flagsPage({ app, environment, version, address, flags }: FlagsView, look: Look): string[] {
  if (version === 0) {
    return [
      `${app}/${environment} has no flags yet`,
      `  write a document of flagd, then: slipway flags apply ${environment} flags.json`,
    ];
  }
  const where = address === null ? '' : `, answered at ${address}`;
  const rows = flags.map(({ key, enabled, defaultVariant, rules, variants }) => [
    harmless(key),
    enabled ? 'enabled' : 'disabled',
    harmless(defaultVariant ?? "the code's"),
    harmless(rules === '' ? 'none' : rules),
    harmless(Object.keys(variants).join(', ')),
  ]);
  const heads = ['FLAG', 'STATE', 'DEFAULT', 'RULES', 'VARIANTS'];
  return [
    `${app}/${environment}, version ${version}${where}`,
    ...(flags.length === 0 ? ['no flag is left'] : ['', ...renderTable({ heads, rows }, look)]),
  ];
}
