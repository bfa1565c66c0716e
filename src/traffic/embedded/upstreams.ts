import { Pool } from 'undici';
import { AppConnection, type AppEvents, type BodilessRequest } from './app-connection.ts';

/** How long an endpoint that refused a connection is passed over while another one is there. */
const passOverMs = 1_000;
const sweepIntervalMs = 500;
/** Silence within a response body after which it counts as dead. */
const bodyIdleTimeoutMs = 300_000;

/**
 * One address of an app, with its connections. Shared by every revision that names it.
 *
 * Requests without a body, which are nearly all and may be repeated when a connection turns out to be closed, take
 * lean connections of our own. The others, and upgrades, go through undici.
 */
export class Upstream {
  readonly #target: { host: string; port: number };
  readonly #responseTimeoutMs: number;
  readonly #idle: AppConnection[] = [];
  readonly #open = new Set<AppConnection>();
  #pool: Pool | undefined;
  #downUntilMs = 0;
  #retired = false;

  constructor(target: { host: string; port: number }, responseTimeoutMs: number) {
    this.#target = target;
    this.#responseTimeoutMs = responseTimeoutMs;
  }

  /** `127.0.0.1:20001` */
  get address(): string {
    return `${this.#target.host}:${this.#target.port}`;
  }

  isDown(nowMs: number): boolean {
    return nowMs < this.#downUntilMs;
  }

  passOver(nowMs: number): void {
    this.#downUntilMs = nowMs + passOverMs;
  }

  /** Sends a request without a body on an idle connection, else on a new one. */
  send(
    request: Pick<BodilessRequest, 'method' | 'head'> & { mayBeSilent: boolean },
    events: AppEvents,
  ): void {
    let connection = this.#idle.pop();
    while (connection && !connection.usable) connection = this.#idle.pop();
    if (!connection) {
      connection = new AppConnection(this.#target, (idle) => this.#keep(idle));
      this.#open.add(connection);
    }
    const { method, head, mayBeSilent } = request;
    const bodyLimitMs = mayBeSilent ? 0 : bodyIdleTimeoutMs;
    connection.send(
      { method, head, responseTimeoutMs: this.#responseTimeoutMs, bodyIdleTimeoutMs: bodyLimitMs },
      events,
    );
  }

  /** For requests with a body, and for upgrades. */
  get pool(): Pool {
    const { host, port } = this.#target;
    this.#pool ??= new Pool(`http://${host.includes(':') ? `[${host}]` : host}:${port}`, {
      connections: null,
      pipelining: 1,
      connectTimeout: 3_000,
      headersTimeout: this.#responseTimeoutMs,
      bodyTimeout: bodyIdleTimeoutMs,
      // Shorter than the 5 s after which Node closes an idle connection, and 2 s below what the app announces:
      // a request must never meet a connection that is being closed.
      keepAliveTimeout: 3_000,
      keepAliveMaxTimeout: 4_000,
      keepAliveTimeoutThreshold: 2_000,
      maxHeaderSize: 64 * 1024,
      allowH2: false,
    });
    return this.#pool;
  }

  sweep(nowMs: number): void {
    for (const connection of this.#open) {
      connection.sweep(nowMs);
      if (connection.closed) this.#open.delete(connection);
    }
    for (let index = this.#idle.length - 1; index >= 0; index--)
      if (!this.#idle[index]?.usable) this.#idle.splice(index, 1);
  }

  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  /** Ends idle connections now, the others when their requests have ended. */
  retire(): void {
    this.#retired = true;
    for (const connection of this.#idle) connection.close();
    this.#idle.length = 0;
    this.#pool?.close().catch(() => {});
    this.#pool = undefined;
  }

  #keep(connection: AppConnection): void {
    if (this.#retired) connection.close();
    else this.#idle.push(connection);
  }
}

/** Every upstream there is, by address. */
export class Upstreams {
  readonly #responseTimeoutMs: number;
  readonly #byAddress = new Map<string, Upstream>();
  /** Out of the routes, with requests to finish. */
  readonly #retired = new Set<Upstream>();

  constructor(responseTimeoutMs: number) {
    this.#responseTimeoutMs = responseTimeoutMs;
    setInterval(() => this.#sweep(), sweepIntervalMs).unref();
  }

  at(host: string, port: number): Upstream {
    const address = `${host}:${port}`;
    let upstream = this.#byAddress.get(address);
    if (!upstream) {
      upstream = new Upstream({ host, port }, this.#responseTimeoutMs);
      this.#byAddress.set(address, upstream);
    }
    return upstream;
  }

  /** Retires what no route names any more. Open requests go on to their end. */
  keepOnly(named: ReadonlySet<Upstream>): void {
    for (const [address, upstream] of this.#byAddress) {
      if (named.has(upstream)) continue;
      this.#byAddress.delete(address);
      upstream.retire();
      this.#retired.add(upstream);
    }
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const upstream of this.#byAddress.values()) upstream.sweep(nowMs);
    for (const upstream of this.#retired) {
      upstream.sweep(nowMs);
      if (upstream.isEmpty) this.#retired.delete(upstream);
    }
  }
}
