import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';

/** What a token is good for. */
export type TokenPurpose = 'results' | 'id-token';

/** What the results services call a run and a job; free of the characters that `scp` is split at. */
export interface BackendIds {
  run: string;
  job: string;
}

interface Claims {
  scp: string;
  exp: number;
}

/** A job may run six hours and wait as long; nothing that it holds lives longer than its server anyway. */
const lifetimeSeconds = 24 * 60 * 60;

/**
 * The bearer tokens of one job: JWTs, because the toolkits read their `scp`. The key never leaves the job's server, so a
 * token is worthless to any other job and after the end of its own.
 */
export class Tokens {
  readonly #key: Buffer;
  readonly #scopes: Record<TokenPurpose, string>;

  constructor(key: Buffer, ids: BackendIds) {
    this.#key = key;
    this.#scopes = {
      results: `Actions.Results:${ids.run}:${ids.job}`,
      'id-token': `Actions.IdToken:${ids.run}:${ids.job}`,
    };
  }

  issue(purpose: TokenPurpose, nowMs: number): string {
    const iat = Math.floor(nowMs / 1000);
    const exp = iat + lifetimeSeconds;
    const claims = { scp: this.#scopes[purpose], iss: 'slipway', jti: randomUUID(), iat, nbf: iat, exp };
    const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
    return `${text}.${this.#sign(text)}`;
  }

  /** Whether the header of a request carries a token that was issued here for this purpose. */
  accepts(authorization: string | undefined, purpose: TokenPurpose, nowMs: number): boolean {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
    const [head, body, signature, ...rest] = token.split('.');
    if (head === undefined || body === undefined || signature === undefined || rest.length > 0) return false;
    if (!sameText(signature, this.#sign(`${head}.${body}`))) return false;
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims;
    return claims.scp === this.#scopes[purpose] && claims.exp * 1000 > nowMs;
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url');
  }
}

/** One part of a JWT. */
export function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

/** Compares without telling by its time how much was right. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
