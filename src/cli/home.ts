import { join } from 'node:path';

/**
 * Where a server keeps everything when nobody says otherwise: SLIPWAY_HOME, else /var/lib/slipway for root, else the
 * user's state directory.
 *
 * @see https://specifications.freedesktop.org/basedir-spec/latest/ (relative values of XDG_* are to be ignored)
 */
export function defaultHome(env: Record<string, string | undefined>, uid: number): string {
  if (env.SLIPWAY_HOME) return env.SLIPWAY_HOME;
  if (uid === 0) return '/var/lib/slipway';
  const state = env.XDG_STATE_HOME;
  if (state?.startsWith('/')) return join(state, 'slipway');
  return join(env.HOME || '/', '.local/state/slipway');
}
