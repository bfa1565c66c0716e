import { randomBytes } from 'node:crypto';
import type { RouteRevision, Routes } from '../../delivery/index.ts';
import type { Ledger } from './ledger.ts';
import { RateLimiter } from './rate-limit.ts';
import type { RevisionCounts } from './revision-counts.ts';
import type { SessionCookie } from './session-cookie.ts';
import type { StoredScope } from './state-file.ts';
import type { Upstream, Upstreams } from './upstreams.ts';
import { WeightedChoice } from './weighted-choice.ts';

/** A revision with what it takes to send requests to it. */
export class LiveRevision {
  readonly id: string;
  readonly weightPercent: number;
  readonly counts: RevisionCounts;
  readonly #upstreams: readonly Upstream[];
  #next = 0;

  constructor(revision: RouteRevision, upstreams: readonly Upstream[], counts: RevisionCounts) {
    this.id = revision.id;
    this.weightPercent = revision.weightPercent;
    this.counts = counts;
    this.#upstreams = upstreams;
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

/** A scope with what it takes to route its requests. Replaced as a whole by each `apply`. */
export class LiveScope {
  readonly stored: StoredScope;
  readonly limiter: RateLimiter | null;
  /** Whether sessions get a cookie: someone asked for it, or there is more than one place to go. */
  readonly remembers: boolean;
  readonly upstreams: ReadonlySet<Upstream>;
  readonly #byId: ReadonlyMap<string, LiveRevision>;
  readonly #choice: WeightedChoice<LiveRevision>;

  constructor(
    stored: StoredScope,
    parts: { upstreams: Upstreams; ledger: Ledger; before: LiveScope | undefined },
  ) {
    this.stored = stored;
    const { routes } = stored;
    const all = new Set<Upstream>();
    const live = routes.revisions.map((revision) => {
      const upstreams = revision.endpoints.map(({ host, port }) => parts.upstreams.at(host, port));
      for (const upstream of upstreams) all.add(upstream);
      return new LiveRevision(revision, upstreams, parts.ledger.of(routes.scope, revision.id));
    });
    this.upstreams = all;
    this.#byId = new Map(live.map((revision) => [revision.id, revision]));
    this.#choice = new WeightedChoice(live);
    this.remembers = routes.sticky || this.#choice.size > 1;
    this.limiter = limiterFor(routes, parts.before?.limiter ?? null);
  }

  revision(id: string): LiveRevision | undefined {
    return this.#byId.get(id);
  }

  /**
   * Where a request goes. A session stays on its revision while that has weight.
   *
   * @returns The cookie to set, when the session is new or was moved.
   */
  choose(
    known: SessionCookie | undefined,
  ): { revision: LiveRevision; setCookie?: SessionCookie } | undefined {
    if (!this.remembers) {
      const revision = this.#choice.next();
      return revision && { revision };
    }
    const kept = known && this.#byId.get(known.revision);
    if (kept && kept.weightPercent > 0) return { revision: kept };
    const revision = this.#choice.next();
    if (!revision) return undefined;
    return {
      revision,
      setCookie: { revision: revision.id, session: known?.session ?? randomBytes(16).toString('hex') },
    };
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
  readonly #ledger: Ledger;
  readonly #upstreams: Upstreams;
  readonly #scopes = new Map<string, LiveScope>();
  #byHost = new Map<string, LiveScope>();

  constructor(ledger: Ledger, upstreams: Upstreams) {
    this.#ledger = ledger;
    this.#upstreams = upstreams;
  }

  scope(name: string): LiveScope | undefined {
    return this.#scopes.get(name);
  }

  stored(): StoredScope[] {
    return [...this.#scopes.values()].map((scope) => scope.stored);
  }

  /** The scope that owns a host name, else the one that takes every other host. */
  find(host: string): LiveScope | undefined {
    return this.#byHost.get(host) ?? this.#byHost.get('*');
  }

  /** Takes effect for the next request. Requests that are open keep their connection. */
  set(stored: StoredScope): void {
    const { scope } = stored.routes;
    const parts = { upstreams: this.#upstreams, ledger: this.#ledger, before: this.#scopes.get(scope) };
    this.#scopes.set(scope, new LiveScope(stored, parts));
    this.#byHost = new Map(
      [...this.#scopes.values()].flatMap((live) =>
        live.stored.routes.hosts.map((host) => [host, live] as const),
      ),
    );
    this.#upstreams.keepOnly(new Set([...this.#scopes.values()].flatMap((live) => [...live.upstreams])));
    this.#ledger.forget(scope, new Set(stored.routes.revisions.map((revision) => revision.id)));
  }
}
