import { CodedError } from '../diagnostics/index.ts';
import type { Action } from './action.ts';

/** Loaded only when used, so that a worker starts quickly. */
const loaders: Record<string, () => Promise<Action>> = {
  'actions/checkout': async () => (await import('./actions/checkout.ts')).checkout,
  'actions/setup-node': async () => (await import('./actions/setup-node.ts')).setupNode,
  'actions/setup-python': async () => (await import('./actions/setup-python.ts')).setupPython,
  'actions/cache': async () => (await import('./actions/cache.ts')).cache,
  'actions/cache/restore': async () => (await import('./actions/cache.ts')).cacheRestore,
  'actions/cache/save': async () => (await import('./actions/cache.ts')).cacheSave,
  'actions/upload-artifact': async () => (await import('./actions/upload-artifact.ts')).uploadArtifact,
  'actions/download-artifact': async () => (await import('./actions/download-artifact.ts')).downloadArtifact,
  'slipway/deploy': async () => (await import('./actions/deploy.ts')).deploy,
};

/**
 * Loads a built-in action.
 *
 * @throws CodedError `runner/unknown-action`
 */
export async function loadAction(name: string): Promise<Action> {
  const load = Object.hasOwn(loaders, name) ? loaders[name] : undefined;
  if (load) return load();
  throw new CodedError('runner/unknown-action', `the action "${name}" is not built in`, {
    notes: [`built in: ${Object.keys(loaders).join(', ')}`],
  });
}
