import type { RouteRevision, Routes } from '../../delivery/index.ts';
import type { Ledger } from './ledger.ts';
import { Pins, type PinnedRequest } from './pins.ts';
import { RateLimiter } from './rate-limit.ts';
import type { RevisionCounts } from './revision-counts.ts';
import { newSession, revisionToken, type SessionCookie } from './session-cookie.ts';
import type { StoredScope } from './state-file.ts';
import type { Upstream, Upstreams } from './upstreams.ts';
import { everyHost } from './routes.ts';
import type { SessionLots } from './session-lots.ts';
import { WeightedDraw } from './weighted-draw.ts';
import { lotText } from './lot-text.ts';

/** A revision with what it takes to send requests to it. */
export class LiveRevision {
  readonly id: string;
  readonly weightPercent: number;
  readonly counts: RevisionCounts;
  /** Stands for it in session cookies. */
  readonly token: string;
  readonly #upstreams: readonly Upstream[];
  #next = 0;

  constructor(
    revision: RouteRevision,
    parts: { upstreams: readonly Upstream[]; counts: RevisionCounts; token: string },
  ) {
    this.id = revision.id;
    this.weightPercent = revision.weightPercent;
    this.counts = parts.counts;
    this.token = parts.token;
    this.#upstreams = parts.upstreams;
  }

  get size(): number {
    return this.#upstreams.length;
  }

  /** The next endpoint in turn, passing over those that just refused a connection unless all did. */
  pick(nowMs: number): Upstream | undefined {
    for (let tries = this.#upstreams.length; tries > 0; tries--) {
      const upstream = this.#turn();
      if (upstream && !upstream.isDown(nowMs)) return upstream;
    }
    return this.#turn();
  }

  #turn(): Upstream | undefined {
    if (this.#next >= this.#upstreams.length) this.#next = 0;
    return this.#upstreams[this.#next++];
  }
}

/** Where a request goes, and who says so: a pin, its session's home, a lot, or that there is no other place. */
export interface Choice {
  revision: LiveRevision;
  by: 'pin' | 'home' | 'lot' | 'only';
  /** For a session that is new or was moved. */
  setCookie?: SessionCookie;
}

/** What scopes are made with. */
interface Surroundings {
  upstreams: Upstreams;
  ledger: Ledger;
  /** Of revision tokens. */
  sessionKey: Buffer;
  /** Draws lots: evenly distributed, from 0 up to but not including 1. */
  random: () => number;
}

/** A scope with what it takes to route its requests. Replaced as a whole by each `apply`. */
export class LiveScope {
  readonly stored: StoredScope;
  readonly limiter: RateLimiter | null;
  /** Whether sessions get a cookie: someone asked for it, or there is more than one place to go. */
  readonly remembers: boolean;
  readonly upstreams: ReadonlySet<Upstream>;
  /** By which new sessions are drawn, see `lotText`. */
  readonly lot: string;
  /** Follows those that drew. */
  readonly lots: SessionLots;
  readonly #byId: ReadonlyMap<string, LiveRevision>;
  readonly #byToken: ReadonlyMap<string, LiveRevision>;
  readonly #draw: WeightedDraw<LiveRevision>;
  readonly #pins: Pins;

  constructor(stored: StoredScope, parts: Surroundings & { before: LiveScope | undefined }) {
    this.stored = stored;
    const { routes } = stored;
    const all = new Set<Upstream>();
    const live = routes.revisions.map((revision) => {
      const upstreams = revision.endpoints.map(({ host, port }) => parts.upstreams.at(host, port));
      for (const upstream of upstreams) all.add(upstream);
      return new LiveRevision(revision, {
        upstreams,
        counts: parts.ledger.of(routes.scope, revision.id),
        token: revisionToken(parts.sessionKey, routes.scope, revision.id),
      });
    });
    this.upstreams = all;
    this.#byId = new Map(live.map((revision) => [revision.id, revision]));
    this.#byToken = new Map(live.map((revision) => [revision.token, revision]));
    this.#pins = new Pins(routes.pins);
    this.#draw = new WeightedDraw(live, parts.random);
    this.lot = lotText(routes.revisions);
    this.lots = parts.ledger.lots.of(routes.scope);
    this.remembers = routes.sticky || this.#draw.size > 1;
    this.limiter = limiterFor(routes, parts.before?.limiter ?? null);
  }

  revision(id: string): LiveRevision | undefined {
    return this.#byId.get(id);
  }

  /**
   * Where a request goes: to the revision it is pinned to, else where its session is at home while that has weight,
   * else by weight. What is pinned gets no session of another revision, nor one of its own.
   *
   * @returns Or why nothing can take the request.
   */
  choose(
    request: PinnedRequest,
    known: SessionCookie | undefined,
  ): Choice | 'nothing-serves' | 'pinned-away' {
    const pinned = this.#pins.revisionFor(request);
    if (pinned !== undefined) {
      const revision = this.#byId.get(pinned);
      return revision && revision.size > 0 ? { revision, by: 'pin' } : 'pinned-away';
    }
    const kept = this.remembers && known && this.#byToken.get(known.token);
    if (kept && kept.weightPercent > 0) return { revision: kept, by: 'home' };
    const revision = this.#draw.next();
    if (!revision) return 'nothing-serves';
    const by = this.#draw.size > 1 ? 'lot' : 'only';
    if (!this.remembers) return { revision, by };
    return { revision, by, setCookie: { token: revision.token, session: known?.session ?? newSession() } };
  }
}

function limiterFor({ rateLimit }: Routes, before: RateLimiter | null): RateLimiter | null {
  if (!rateLimit) return null;
  const same =
    before && before.limit.perMinute === rateLimit.perMinute && before.limit.burst === rateLimit.burst;
  return same ? before : new RateLimiter(rateLimit);
}

/** All scopes by name and by host. */
export class RoutingTable {
  readonly #around: Surroundings;
  readonly #scopes = new Map<string, LiveScope>();
  #byHost = new Map<string, LiveScope>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  scope(name: string): LiveScope | undefined {
    return this.#scopes.get(name);
  }

  stored(): StoredScope[] {
    return [...this.#scopes.values()].map((scope) => scope.stored);
  }

  /** The scope that owns a host name or previews a revision under it, else the one that takes every other host. */
  find(host: string): LiveScope | undefined {
    return this.#byHost.get(host) ?? this.#byHost.get('*');
  }

  /** Takes effect for the next request. Requests that are open keep their connection. */
  set(stored: StoredScope): void {
    const { ledger, upstreams } = this.#around;
    const { scope, revisions } = stored.routes;
    const live = new LiveScope(stored, { ...this.#around, before: this.#scopes.get(scope) });
    live.lots.weigh(revisions);
    this.#scopes.set(scope, live);
    this.#byHost = new Map(
      [...this.#scopes.values()].flatMap((one) =>
        everyHost(one.stored.routes).map((host) => [host, one] as const),
      ),
    );
    upstreams.keepOnly(new Set([...this.#scopes.values()].flatMap((one) => [...one.upstreams])));
    ledger.forget(scope, new Set(revisions.map((revision) => revision.id)));
  }
}
