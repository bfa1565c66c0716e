import { flagWishes, type EnvironmentState, type FlagsChange, type FlagSight } from '../../delivery/index.ts';
import { CodedError } from '../../diagnostics/index.ts';
import { isGoing, setVariant, type Flag, type FlagDocument } from '../../flags/index.ts';
import type { Json } from '../../flow/index.ts';
import type { Store } from '../../store/index.ts';
import { environmentFlowId } from '../environments.ts';
import { changeFlags, documentOf, flagIn } from './change.ts';
import { flagPlaceOf, type FlagPlace } from './place.ts';
import { rampFlowId, type RampFlowData } from './ramps.ts';

/** The flags that the rollout of an environment has to do with. */
export async function seeFlags(
  { scope, rollout }: EnvironmentState,
  store: Pick<Store, 'flags' | 'flows'>,
): Promise<FlagSight> {
  const place = flagPlaceOf(scope);
  const stored = await store.flags.get(place);
  const document = documentOf(stored);
  const seen = await Promise.all(
    flagWishes(rollout).map(async ({ flag, variants }) => {
      const problems = variants.map((variant) => whyNot(place, document, { flag, variant })?.message ?? null);
      const [next] = variants;
      const ramp = next === undefined ? null : await rampOn(scope, flag, store);
      const problem = problems.find((one) => one !== null) ?? ramp;
      const now = flagIn(document, flag) as Json | null;
      const wanted =
        next === undefined || problem !== null ? null : turned(document, { flag, variant: next });
      return { flag, now, wanted, problem };
    }),
  );
  return { version: stored?.version ?? 0, seen };
}

/** Makes a change of a rollout. Throws `store/stale-fence` when another server has taken the environment over. */
export async function turnFlags(
  scope: string,
  { change, fence }: { change: FlagsChange; fence: number },
  parts: { store: Pick<Store, 'flags'>; refresh(): Promise<void> },
): Promise<void> {
  const { rollout, reason, seenVersion } = change;
  const flags = change.flags as unknown as Record<string, Flag>;
  const turn = { flowId: environmentFlowId(scope), fence };
  const wish = { kind: 'step', flags, seenVersion, turn, why: { rollout, reason } } as const;
  await changeFlags(flagPlaceOf(scope), { wish, actor: 'slipway', dryRun: false }, parts.store);
  await parts.refresh();
}

/** Flags and variants that are not there: `wiring/no-flag-to-turn`. */
export async function notThere(
  place: FlagPlace,
  wanted: readonly [flag: string, variant: string][],
  store: Pick<Store, 'flags'>,
): Promise<CodedError[]> {
  const document = documentOf(await store.flags.get(place));
  return wanted
    .map(([flag, variant]) => whyNot(place, document, { flag, variant }))
    .filter((problem) => problem !== null);
}

function whyNot(
  { environment }: FlagPlace,
  document: FlagDocument,
  wanted: { flag: string; variant: string },
): CodedError | null {
  try {
    turned(document, wanted);
    return null;
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    const { flag, variant } = wanted;
    return new CodedError(
      'wiring/no-flag-to-turn',
      `a step of ${environment} turns ${flag} to "${variant}": ${error.message}; look at "slipway flags ${environment}"`,
      {
        notes: error.notes,
        help: `add it to a file of flags and "slipway flags apply ${environment} FILE", or correct "flags" of the step in slipway.yml`,
      },
    );
  }
}

/** As `slipway flags set` makes it. */
function turned(document: FlagDocument, wanted: { flag: string; variant: string }): Json {
  return flagIn(setVariant(document, wanted), wanted.flag) as Json;
}

/** Whoever is shown the flag by a ramp is judged by it: a rollout does not cut in. */
async function rampOn(scope: string, flag: string, store: Pick<Store, 'flows'>): Promise<string | null> {
  const flow = await store.flows.get(rampFlowId(scope, flag));
  const ramp = flow ? (flow.data as RampFlowData).ramp : null;
  if (!isGoing(ramp)) return null;
  const { environment } = flagPlaceOf(scope);
  return `a step turns ${flag}, which is being ramped (${ramp.id}): wait for its end, or "slipway flags abort ${environment} ${flag}", then ship again`;
}
