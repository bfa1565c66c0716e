import { createHash } from 'node:crypto';
import type { Routes } from '../../delivery/index.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import { revisionToken } from '../embedded/session-cookie.ts';
import { WeightedChoice } from './weighted-choice.ts';
import { nameOf, slotName, type Slots } from './slots.ts';

/*
 * Everything about routes that may change while HAProxy runs stands in three maps, each replaced whole and at once:
 *
 *   hosts     host name or *        → scope, or the backend itself where there is nothing to decide
 *   weights   00:scope … 99:scope   → backend of the revision that gets this hundredth of new sessions
 *   facts     what else is known, see below
 */

/** The entries of one map. */
export type Entries = ReadonlyMap<string, string>;

export interface Maps {
  facts: Entries;
  weights: Entries;
  hosts: Entries;
}

/** The backend that a pin to a revision without a copy leads to. */
export const nowhere = 'nowhere';

/** The fact that every process has but an old one, see `onwardRules`. */
export const ownFact = 'serving';

/** In units of 100 µs, which fit 32 bits for days; see `limitRules`. */
export const limitUnitsPerMinute = 600_000;

interface MapParts {
  slots: Slots;
  sessionKey: Buffer;
  /** Whether TLS is spoken for a host, so that its visitors are sent there. */
  hasCertificate: (host: string) => boolean;
}

/** Writes down routes as maps. */
export function mapsFor(
  scopes: readonly StoredScope[],
  { slots, sessionKey, hasCertificate }: MapParts,
): Maps {
  const facts = new Map<string, string>();
  const weights = new Map<string, string>();
  const hosts = new Map<string, string>();
  facts.set(ownFact, 'yes');
  for (const { routes } of scopes) {
    const scope = scopeKey(routes.scope);
    const backends = new Map(
      slots.flatMap((slot, index) =>
        slot?.scope === routes.scope ? [[slot.revision, slotName(index)] as const] : [],
      ),
    );
    const backendOf = (revision: string) => backends.get(revision) ?? nowhere;
    const choice = new WeightedChoice(routes.revisions);
    for (let hundredth = 0; choice.size > 0 && hundredth < 100; hundredth++) {
      const revision = choice.next();
      if (revision) weights.set(`${hundredth}:${scope}`, backendOf(revision.id));
    }
    const sticky = routes.sticky || choice.size > 1;
    for (const { id, weightPercent } of sticky ? routes.revisions : []) {
      if (weightPercent === 0) continue;
      const token = revisionToken(sessionKey, routes.scope, id);
      facts.set(`session:${token}`, backendOf(id));
      facts.set(`token:${backendOf(id)}`, token);
    }
    const straight = isStraight(routes) && choice.size === 1;
    const door = straight
      ? backendOf(routes.revisions.find((one) => one.weightPercent > 0)?.id ?? '')
      : scope;
    for (const host of routes.hosts) hosts.set(host, door);
    const flags = [
      ...(routes.maintenance ? ['maintenance'] : []),
      ...(routes.rateLimit ? ['limited'] : []),
      ...(routes.pins.length > 0 ? ['pins'] : []),
      ...(sticky ? ['sticky'] : []),
    ];
    if (flags.length > 0) facts.set(`flags:${scope}`, flags.join('.'));
    if (routes.rateLimit) {
      const interval = Math.max(1, Math.round(limitUnitsPerMinute / routes.rateLimit.perMinute));
      facts.set(`interval:${scope}`, String(interval));
      facts.set(`tolerance:${scope}`, String(interval * routes.rateLimit.burst));
    }
    for (const { revision, by } of routes.pins) {
      const empty = !routes.revisions.some(({ id, endpoints }) => id === revision && endpoints.length > 0);
      const backend = empty ? nowhere : backendOf(revision);
      if (by.kind === 'host') {
        hosts.set(by.host, isStraight(routes) && backend !== nowhere ? backend : scope);
        facts.set(`host:${scope}:${by.host}`, backend);
      } else facts.set(`${by.kind}:${scope}:${nameOf(by)}:${by.value}`, backend);
    }
  }
  for (const host of hosts.keys()) if (hasCertificate(host)) facts.set(`tls:${host}`, 'yes');
  return { facts, weights, hosts };
}

/** Facts by which both the routes before and the ones after hold: the newer of two that differ, and the flags of both. */
export function factsBetween(before: Entries, after: Entries): Entries {
  const result = new Map([...before, ...after]);
  for (const [key, flags] of before) {
    const newer = after.get(key);
    if (key.startsWith('flags:') && newer !== undefined)
      result.set(key, [...new Set([...newer.split('.'), ...flags.split('.')])].join('.'));
  }
  return result;
}

/** Whether the host alone says where a request goes, once one revision has all weight. */
function isStraight({ sticky, maintenance, rateLimit, pins }: Routes): boolean {
  return !sticky && !maintenance && rateLimit === null && pins.every(({ by }) => by.kind === 'host');
}

/** A map as its file has it. */
export function renderMap(entries: Entries): string {
  return [...entries].map(([key, value]) => `${key} ${value}\n`).join('');
}

/** A name for a scope without a letter that a map reads otherwise. */
function scopeKey(scope: string): string {
  return createHash('sha256').update(scope).digest('hex').slice(0, 12);
}
