import type { Span } from '../diagnostics/index.ts';

/** Any value that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Text as the author wrote it, which may hold `${{ }}`; evaluated when its contexts exist. */
export interface Template {
  text: string;
  at: Span;
}

/** Environment variables in the order written; later maps win over earlier ones. */
export type EnvMap = Record<string, Template>;

/** One file of `.github/workflows`, typed. It is plain data, so that it travels to a job worker as JSON. */
export interface Workflow {
  /** Path relative to the repository. */
  file: string;
  /** `name:`, or the file's path. */
  name: string;
  runName?: Template;
  triggers: Trigger[];
  env: EnvMap;
  defaults: RunDefaults;
  /** Jobs in the order written. */
  jobs: Job[];
}

/** An event that starts the workflow, with its filters as written (GitHub's pattern syntax). */
export interface Trigger {
  event: 'push' | 'pull_request' | 'workflow_dispatch';
  at: Span;
  branches?: string[];
  branchesIgnore?: string[];
  tags?: string[];
  tagsIgnore?: string[];
  paths?: string[];
  pathsIgnore?: string[];
}

/** `defaults.run` */
export interface RunDefaults {
  shell?: Template;
  workingDirectory?: Template;
}

/** A job as written, before its matrix is expanded. */
export interface Job {
  id: string;
  at: Span;
  name?: Template;
  needs: { id: string; at: Span }[];
  /** The bare expression, without `${{ }}`; absent means `success()`. */
  if?: Template;
  runsOn: Template[];
  environment?: { name: Template; url?: Template };
  outputs: Record<string, Template>;
  env: EnvMap;
  defaults: RunDefaults;
  strategy?: Strategy;
  /** Default 360. */
  timeoutMinutes?: Template;
  continueOnError?: Template;
  steps: Step[];
}

/** `strategy`: how one job becomes several. */
export interface Strategy {
  at: Span;
  /** The whole matrix may be one expression, such as `${{ fromJSON(needs.plan.outputs.matrix) }}`. */
  matrix?: MatrixSource;
  /** Default true. */
  failFast?: Template;
  maxParallel?: Template;
}

/** A matrix as written; every scalar inside `values` may hold `${{ }}`. */
export type MatrixSource =
  | { kind: 'expression'; template: Template }
  | {
      kind: 'literal';
      /** Axis name → its values, or one expression that yields the list. */
      axes: Record<string, { kind: 'expression'; template: Template } | { kind: 'list'; values: Json[] }>;
      include: { kind: 'expression'; template: Template } | { kind: 'list'; values: Json[] };
      exclude: { kind: 'expression'; template: Template } | { kind: 'list'; values: Json[] };
      at: Span;
    };

interface StepCommon {
  id?: string;
  at: Span;
  name?: Template;
  if?: Template;
  env: EnvMap;
  timeoutMinutes?: Template;
  continueOnError?: Template;
}

/** A step runs a script, or uses an action. */
export type Step =
  | (StepCommon & { kind: 'run'; run: Template; shell?: Template; workingDirectory?: Template })
  | (StepCommon & { kind: 'uses'; uses: { text: string; at: Span }; with: Record<string, Template> });
