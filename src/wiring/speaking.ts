import { mayNot, mayNotApprove, type Rollout, type Verb } from '../delivery/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import type { Json } from '../flow/index.ts';
import type { Store } from '../store/index.ts';
import { environmentFlowId, environmentState } from './environments.ts';

/** A word is taken in by the next tick; a server that is busy may need longer, and the word still stands. */
const takenWithinMs = 5_000;

/** What somebody says to the rollout that is under way in an environment. */
export interface WordWish {
  app: string;
  environment: string;
  verb: Verb;
  actor: string;
  /** Why, for a rejection. */
  reason?: string | undefined;
  /** Promotes to the end: no more holds, no bake. */
  full?: boolean | undefined;
}

/**
 * Says a word to a rollout, and waits until it is heard.
 *
 * @returns The rollout's id.
 * @throws CodedError `wiring/no-rollout`, `wiring/not-yours` or `wiring/not-now` with the reason; nothing has been said then.
 */
export async function sayWord(wish: WordWish, store: Store): Promise<string> {
  const scope = `${wish.app}/${wish.environment}`;
  const rollout = await rolloutIn(scope, store);
  if (!rollout) {
    throw new CodedError('wiring/no-rollout', `${scope} has no rollout under way`, {
      help: 'see what is under way: slipway status',
    });
  }
  const { verb, actor, reason, full } = wish;
  const word = { rolloutId: rollout.id, by: actor, reason, full };
  const refused = mayNot(verb, rollout, word);
  if (refused !== null) throw refusalOf(wish, rollout, refused);
  await store.flows.signal(environmentFlowId(scope), verb, JSON.parse(JSON.stringify(word)) as Json);
  await untilHeard(rollout, scope, store);
  return rollout.id;
}

function refusalOf({ verb, actor, environment }: WordWish, rollout: Rollout, reason: string): CodedError {
  const done = {
    approve: 'approved',
    reject: 'rejected',
    promote: 'promoted',
    pause: 'paused',
    resume: 'resumed',
  };
  const what = `${rollout.id} cannot be ${done[verb]}: ${reason}`;
  const forbidden = reason === mayNotApprove(rollout, actor);
  return new CodedError(forbidden ? 'wiring/not-yours' : 'wiring/not-now', what, {
    help: forbidden
      ? `ask one of them, or take it back with: slipway abort ${environment}`
      : 'see what it waits for: slipway status',
  });
}

async function rolloutIn(scope: string, store: Store): Promise<Rollout | null> {
  return (await environmentState(scope, store))?.rollout ?? null;
}

/** Whatever people decide stands in these. */
function decided(rollout: Rollout | null): string {
  const { id, paused, hurried, phase } = rollout ?? {};
  const { approvedBy, index } = { approvedBy: null, index: 0, ...phase };
  return JSON.stringify([id, paused?.by, hurried, phase?.at, index, approvedBy]);
}

async function untilHeard(before: Rollout, scope: string, store: Store): Promise<void> {
  const deadline = performance.now() + takenWithinMs;
  while (performance.now() < deadline) {
    const token = store.changeToken();
    if (decided(await rolloutIn(scope, store)) !== decided(before)) return;
    await store.waitForChange(token, 100);
  }
}
