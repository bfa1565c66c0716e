import { CodedError } from '../diagnostics/index.ts';
import { openMirror, type Mirror } from '../source/index.ts';
import type { Layout } from './layout.ts';

/** The commits of an app that have come to this server. Throws `wiring/bad-app-name`. */
export async function mirrorOf(app: string, layout: Layout): Promise<Mirror> {
  return openMirror(layout.app(requireAppName(app)).mirror);
}

/** Names are folders: nothing else may be asked for. */
function requireAppName(app: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,62}$/.test(app)) return app;
  throw new CodedError('wiring/bad-app-name', `"${app}" cannot be the name of an app`, {
    notes: ['allowed: lower-case letters, digits and "-", at most 63'],
    help: 'set "name" in slipway.yml',
  });
}
