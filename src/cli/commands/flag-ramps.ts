import { formatDuration, parseDuration } from '../../app/index.ts';
import { CodedError } from '../../diagnostics/index.ts';
import { nameApp, nameEnvironment } from '../app-of.ts';
import { actorIn } from '../commit-of.ts';
import { show, withServer, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { percentIn } from '../flag-values.ts';
import { rampLines } from '../render/ramp-lines.ts';
import { harmless } from '../render/text.ts';

interface RampOptions extends CommonOptions {
  app?: string;
  dryRun?: boolean;
  steps?: string;
  hold?: string;
}

const usualHold = '10m';

/** Begins to raise the share of a variant step by step. */
export function beginRamp(
  context: CliContext,
  options: RampOptions,
  about: { environment: string; flag: string; variant: string },
): Promise<number> {
  const steps = stepsIn(options);
  const holdMs = durationIn(options.hold ?? usualHold);
  return withServer(context, options, async (client) => {
    const app = await nameApp(context, client, options);
    const actor = await actorIn(context, context.cwd);
    const view = await client.rampFlag({ ...about, app, actor, steps, holdMs });
    const shares = steps.map((percent) => `${percent} %`).join(', ');
    const { environment, flag, variant } = about;
    show(context, options, view, () => [
      `${harmless(flag)} of ${app}/${environment} is ramped to "${harmless(variant)}": ${shares}, ${formatDuration(holdMs)} each`,
      `  watch it: slipway flags ramps ${environment}; take it back: slipway flags abort ${environment} ${harmless(flag)}`,
    ]);
    return exitCodes.done;
  });
}

function stepsIn({ steps, dryRun }: RampOptions): number[] {
  if (dryRun) {
    throw new CodedError(
      'cli/no-dry-ramp',
      'what a ramp does depends on what users meet, so it has no dry run',
      {
        help: 'try its first share: slipway flags ramp ENVIRONMENT FLAG VARIANT PERCENT --dry-run',
      },
    );
  }
  if (steps !== undefined) return steps.split(',').map(percentIn);
  throw new CodedError('flags/bad-percent', 'neither a share of users nor --steps is named', {
    help: 'name a number from 0 to 100, or shares that the server goes through: --steps 1%,10%,50%,100%',
  });
}

function durationIn(text: string): number {
  const read = parseDuration(text);
  if (read.ok) return read.ms;
  throw new CodedError('cli/bad-hold', read.reason, { help: read.help });
}

/** Shows the last ramp of each flag. */
export async function ramps(context: CliContext, options: RampOptions, named?: string): Promise<number> {
  return withServer(context, options, async (client) => {
    const app = await nameApp(context, client, options);
    const environment = await nameEnvironment(client, app, named);
    const views = await client.flagRamps({ app, environment });
    show(context, options, views, () =>
      views.length === 0
        ? [`no flag of ${app}/${environment} was ever ramped`]
        : views.flatMap((view) => rampLines(view, context.nowMs())),
    );
    return exitCodes.done;
  });
}

/** Takes a ramp back. */
export function abort(context: CliContext, options: RampOptions): Promise<number> {
  return tell(context, options, 'abort');
}

/** Gives everybody the last share now. */
export function promote(context: CliContext, options: RampOptions): Promise<number> {
  return tell(context, options, 'promote');
}

function tell(context: CliContext, options: RampOptions, verb: 'abort' | 'promote'): Promise<number> {
  const [environment = '', flag = ''] = options.words ?? [];
  return withServer(context, options, async (client) => {
    const app = await nameApp(context, client, options);
    const actor = await actorIn(context, context.cwd);
    const view = await client.tellRamp({ app, environment, flag, actor, verb });
    show(context, options, view, () => rampLines(view, context.nowMs()));
    return exitCodes.done;
  });
}
