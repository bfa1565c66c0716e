import { grantsOf, grantsText, may, refusal, type Place } from '../access/index.ts';
import type { StoredEvent } from '../flow/index.ts';
import {
  ownerName,
  type HistoryEntry,
  type RolloutView,
  type ShipView,
  type StatusView,
} from '../wiring/index.ts';
import type { Guest } from './guard.ts';
import { chainPlace } from './needs.ts';

/*
 * What is left of an answer when everything has gone that the caller may not see.
 */

interface Placed {
  app: string;
  environment: string;
}

const at = ({ app, environment }: Placed): Place => ({ kind: 'environment', app, environment });

/** With a policy in force it also says who asks, and why this caller may not say what a rollout waits for. */
export function seenStatus(view: StatusView, guest: Guest): StatusView {
  const environments = view.environments.filter((one) => guest.sees(at(one)));
  const ships = seenShips(view.ships, guest);
  const ramps = view.ramps.filter((one) => guest.sees(at(one)));
  if (!guest.proven) return { ...view, environments, ships, ramps };
  const { name, proof, isOwner } = guest.caller;
  const is = isOwner ? 'the owner' : grantsText({ grants: grantsOf(guest.policy, name) });
  return {
    ...view,
    environments: environments.map((one) =>
      one.rollout ? { ...one, rollout: withRefusal(one.rollout, guest) } : one,
    ),
    ships,
    ramps,
    you: { name, proof, is },
  };
}

function withRefusal(rollout: RolloutView, { caller, policy }: Guest): RolloutView {
  const { asks, actor } = rollout;
  if (!asks) return rollout;
  const right = asks.verbs.includes('resume') ? 'hold' : 'decide';
  const place = {
    kind: 'environment',
    app: rollout.app,
    environment: rollout.environment,
    startedBy: actor,
  } as const;
  const wish = { right, place, owner: ownerName() } as const;
  if (!may(policy, caller, wish)) {
    const { message, notes } = refusal(policy, caller, wish);
    return { ...rollout, asks: { ...asks, mayNot: [message, ...notes].join('; ') } };
  }
  if (asks.who === null || asks.who.includes(caller.name)) return rollout;
  const mayNot =
    caller.name === actor
      ? `${caller.name} asked for it, so somebody else must approve it`
      : `${caller.name} is not among its reviewers`;
  return { ...rollout, asks: { ...asks, mayNot } };
}

export function seenShips(ships: readonly ShipView[], { sees }: Guest): ShipView[] {
  return ships.filter(({ app }) => sees({ kind: 'app', app }));
}

export function seenHistory(entries: readonly HistoryEntry[], { sees }: Guest): HistoryEntry[] {
  return entries.filter((entry) => sees(at(entry)));
}

export function seenEvents(events: readonly StoredEvent[], { sees }: Guest): StoredEvent[] {
  return events.filter(({ chain }) => sees(chainPlace(chain, 'server')));
}
