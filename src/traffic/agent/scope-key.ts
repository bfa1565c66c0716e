import { createHash } from 'node:crypto';

/** What stands for a scope in a program's configuration and its log: letters and digits that collide with nothing. */
export function scopeKey(scope: string): string {
  return createHash('sha256').update(scope).digest('hex').slice(0, 10);
}
