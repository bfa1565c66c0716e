/** A limit as the routes state it. */
export interface RateLimit {
  perMinute: number;
  burst: number;
}

/** Addresses remembered at once, about 4 MB; beyond it the one seen longest ago is forgotten. */
const maxAddresses = 50_000;

/**
 * Lets each address send `perMinute` evenly, plus `burst` at once (nginx counts alike: `burst=20 nodelay` lets 21 through).
 *
 * @see the generic cell rate algorithm, ITU-T I.371
 */
export class RateLimiter {
  readonly limit: RateLimit;
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  /** Theoretical arrival time of the next request, by address; the least recently seen first. */
  readonly #arrivals = new Map<string, number>();

  constructor(limit: RateLimit) {
    this.limit = limit;
    this.#intervalMs = 60_000 / limit.perMinute;
    this.#toleranceMs = this.#intervalMs * limit.burst;
  }

  /** @returns 0 when the request may pass, else the ms to wait before the next one may. */
  take(address: string, nowMs: number): number {
    const known = this.#arrivals.get(address);
    const arrival = Math.max(known ?? nowMs, nowMs);
    const waitMs = arrival - this.#toleranceMs - nowMs;
    if (waitMs > 0) return Math.ceil(waitMs);
    if (known !== undefined) this.#arrivals.delete(address);
    else if (this.#arrivals.size >= maxAddresses) this.#forgetOldest();
    this.#arrivals.set(address, arrival + this.#intervalMs);
    return 0;
  }

  #forgetOldest(): void {
    const oldest = this.#arrivals.keys().next();
    if (!oldest.done) this.#arrivals.delete(oldest.value);
  }
}

/** What the limit counts as one client: an IPv4 address, or the /64 that an IPv6 subscriber owns whole. */
export function limitKey(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? 0 : tail.split(':').length;
    while (groups.length + after < 8 && groups.length < 4) groups.push('0');
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}
