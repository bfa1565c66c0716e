import { createHash } from 'node:crypto';
import { revisionToken } from '../embedded/session-cookie.ts';

/** What stands for a scope in names of routers, middlewares and services. */
export function scopeName(scope: string): string {
  return `slipway-${createHash('sha256').update(scope).digest('hex').slice(0, 10)}`;
}

/**
 * The service of one revision. Traefik's session cookie is made of this name, so nobody may guess it: no visitor
 * chooses a canary, or stays out of it, by hand.
 */
export function serviceName(key: Buffer, scope: string, revision: string): string {
  return `${scopeName(scope)}-${revisionToken(key, scope, revision)}`;
}
