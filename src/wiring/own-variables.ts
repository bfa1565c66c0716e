import type { Revision } from '../delivery/index.ts';

/** What every copy and task of a revision is told of where it runs, and as what. Nothing else may have these names. */
export function ownVariables(
  scope: string,
  { id, release }: Pick<Revision, 'id' | 'release'>,
): Record<string, string> {
  const [app = '', environment = ''] = scope.split('/');
  return {
    SLIPWAY_APP: app,
    SLIPWAY_ENVIRONMENT: environment,
    SLIPWAY_REVISION: id,
    SLIPWAY_COMMIT: release.commit,
    SLIPWAY_RELEASE: release.digest,
  };
}
