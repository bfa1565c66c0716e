import { createHash } from 'node:crypto';
import type { RouteRevision, Routes } from '../../delivery/index.ts';
import { lotText } from '../embedded/lot-text.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import { revisionToken } from '../embedded/session-cookie.ts';
import { nameOf, slotName, type Slots } from './slots.ts';

/*
 * Everything about routes that may change while HAProxy runs stands in three maps, each replaced whole and at once:
 *
 *   hosts     host name or *        → scope, or the backend itself where there is nothing to decide
 *   weights   0:scope … 99:scope    → backend of the revision that gets this hundredth of new sessions, and the lot
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

/**
 * What stands between a backend and the lot in a weight. Both come out of one entry, so that a lot which is told was the
 * one that was drawn by, whatever is being replaced meanwhile.
 */
export const lotMark = '/';

/** A line of the request log that is longer than HAProxy allows would be lost: a lot with more letters is not told. */
const lotLetters = 200;

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
    const weighted = routes.revisions.filter(({ weightPercent }) => weightPercent > 0);
    for (const [hundredth, drawn] of hundredths(weighted, backendOf).entries())
      weights.set(`${hundredth}:${scope}`, drawn);
    const sticky = routes.sticky || weighted.length > 1;
    for (const { id } of sticky ? weighted : []) {
      const token = revisionToken(sessionKey, routes.scope, id);
      facts.set(`session:${token}`, backendOf(id));
      facts.set(`token:${backendOf(id)}`, token);
    }
    const straight = isStraight(routes) && weighted.length === 1;
    const door = straight ? backendOf(weighted[0]?.id ?? '') : scope;
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

/** What each hundredth of new sessions draws. HAProxy draws by an even lot, so their order is of no account. */
function hundredths(weighted: readonly RouteRevision[], backendOf: (revision: string) => string): string[] {
  const lot = lotText(weighted);
  const told = lot === '' || lot.length > lotLetters ? '' : `${lotMark}${lot}`;
  return weighted.flatMap(({ id, weightPercent }) =>
    Array.from({ length: weightPercent }, () => `${backendOf(id)}${told}`),
  );
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
