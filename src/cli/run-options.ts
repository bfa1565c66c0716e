import type { CommonOptions } from './context.ts';

/** The flags of `slipway run`; most have the names that people know from act. */
export interface RunFlags extends CommonOptions {
  workflows?: string;
  /** An earlier name of `workflows`, as `jobEnv` is one of `env`. */
  workflow?: string;
  jobEnv?: Record<string, string>;
  job?: string[];
  list?: boolean;
  dryrun?: boolean;
  eventpath?: string;
  /** Undefined: to be taken from the environment, or asked for. */
  secret?: Record<string, string | undefined>;
  secretFile?: string;
  var?: Record<string, string>;
  varFile?: string;
  env?: Record<string, string>;
  envFile?: string;
  input?: Record<string, string>;
  inputFile?: string;
  matrix?: [axis: string, value: string][];
  actor?: string;
  platform?: string[];
  parallel?: number;
  committed?: boolean;
  failed?: boolean;
  from?: string;
  step?: string;
  pauseOnFailure?: boolean;
  watch?: boolean;
  verbose?: boolean;
}
