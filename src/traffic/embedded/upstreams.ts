import { Pool } from 'undici';

/** How long an endpoint that refused a connection is passed over while another one is there. */
const passOverMs = 1_000;

/** One address of an app, with its connections. Shared by every revision that names it. */
export class Upstream {
  readonly address: string;
  readonly pool: Pool;
  #downUntilMs = 0;

  constructor(address: string, responseTimeoutMs: number) {
    this.address = address;
    this.pool = new Pool(`http://${address}`, {
      connections: null,
      pipelining: 1,
      connectTimeout: 3_000,
      headersTimeout: responseTimeoutMs,
      bodyTimeout: 300_000,
      // Shorter than the 5 s after which Node closes an idle connection, and 2 s below what the app announces:
      // a request must never meet a connection that is being closed.
      keepAliveTimeout: 3_000,
      keepAliveMaxTimeout: 4_000,
      keepAliveTimeoutThreshold: 2_000,
      maxHeaderSize: 64 * 1024,
      allowH2: false,
    });
  }

  isDown(nowMs: number): boolean {
    return nowMs < this.#downUntilMs;
  }

  passOver(nowMs: number): void {
    this.#downUntilMs = nowMs + passOverMs;
  }

  /** Ends idle connections now, the others when their requests have ended. */
  retire(): void {
    this.pool.close().catch(() => {});
  }
}

/** Every upstream there is, by address. */
export class Upstreams {
  readonly #responseTimeoutMs: number;
  readonly #byAddress = new Map<string, Upstream>();

  constructor(responseTimeoutMs: number) {
    this.#responseTimeoutMs = responseTimeoutMs;
  }

  at(host: string, port: number): Upstream {
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    let upstream = this.#byAddress.get(address);
    if (!upstream) {
      upstream = new Upstream(address, this.#responseTimeoutMs);
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
    }
  }
}
