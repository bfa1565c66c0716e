import type { Json } from '../workflow/index.ts';
import type { AgainWish } from './again.ts';

/** What somebody asks `slipway run` for. */
export interface LocalRequest {
  /** A folder of the user's repository, which is only read. */
  directory: string;
  /** Keeps tools, caches and the last run of each repository. */
  home: string;
  /** Null: a push, or for a workflow that is named what it starts on. */
  event: string | null;
  /** What `github.event` is to hold beside what is made up. */
  eventFile: { name: string; value: { [key: string]: Json } } | null;
  /** A workflow file, a folder of them, or a workflow's name. */
  workflows: string | null;
  /** Ids or names; empty means all. */
  jobs: readonly string[];
  /** Only combinations that have one of the values named for each axis. */
  matrix: readonly (readonly [axis: string, value: string])[];
  secrets: Record<string, string>;
  vars: Record<string, string>;
  /** Variables under those of the workflow. */
  env: Record<string, string>;
  inputs: Record<string, string>;
  /** Null: git's user.name, else `user`. */
  actor: string | null;
  user: string;
  /** Labels of `runs-on` that this machine stands for, beyond its own. */
  hostLabels: readonly string[];
  /** Jobs at once; null: what the memory allows. */
  parallel: number | null;
  /** HEAD as committed, without what has changed since. */
  committed: boolean;
  /** A part of the last run instead of a new one. */
  again: AgainWish | null;
  /** Only these of the workflows that the event starts, by path; null: all. */
  only: readonly string[] | null;
  /** The machine's part of every job's environment. */
  machineEnv: Record<string, string>;
}
