import type { Result } from '../diagnostics/index.ts';
import type { SourceFile } from './procfile.ts';
import { readSlipwayYml } from './slipway-yml.ts';

/** What jobs see as `vars`. */
export interface WorkflowVariables {
  /** In every job. */
  vars: Record<string, string>;
  /** By environment: on top of these, in its jobs. */
  environmentVars: Record<string, Record<string, string>>;
}

/** Reads the `vars` of a slipway.yml alone: a run without a server needs nothing else of it. */
export function parseVariables(source: SourceFile): Result<WorkflowVariables> {
  const { value, findings } = readSlipwayYml(source);
  if (findings.some(({ severity }) => severity === 'error')) return { ok: false, findings };
  const texts = (map: NonNullable<typeof value.vars>['value'] | undefined) =>
    Object.fromEntries([...(map ?? [])].map(([name, written]) => [name, written.value]));
  const environments = [...(value.environments?.value ?? [])];
  return {
    ok: true,
    value: {
      vars: texts(value.vars?.value),
      environmentVars: Object.fromEntries(
        environments.map(([name, written]) => [name, texts(written.value.vars?.value)]),
      ),
    },
    warnings: findings,
  };
}
