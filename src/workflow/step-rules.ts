import type { Place } from './availability.ts';
import type { Owner } from './file.ts';

/** What a step does, named by the key that says so. */
export type StepKind = 'run' | 'uses' | 'wait' | 'wait-all' | 'cancel' | 'parallel';

/** What the steps of a job, of a `parallel` group and of a composite action do not share. */
export interface StepRules {
  /** Whose steps they are; `stepIndex` is added for each. */
  owner: Owner;
  /** In words, such as `job "build"`. */
  of: string;
  /** Which contexts the texts of a step, its `if` and its `shell` see. */
  text: Place;
  if: Place;
  shell: Place;
  /** Whether `run` must say its `shell`. */
  shellRequired: boolean;
  kinds: readonly StepKind[];
  /** Where the keys of other kinds cannot stand, in words. */
  where: string;
  /** Keys of steps that these steps do not have. */
  without: readonly string[];
}

/** Steps of a job. */
export function jobStepRules(jobId: string): StepRules {
  return {
    owner: { jobId },
    of: `job "${jobId}"`,
    text: 'step',
    if: 'stepIf',
    shell: 'fixedText',
    shellRequired: false,
    kinds: ['run', 'uses', 'wait', 'wait-all', 'cancel', 'parallel'],
    where: 'a job',
    without: [],
  };
}

/** Steps of a composite action. */
export const compositeStepRules: StepRules = {
  owner: {},
  of: 'this action',
  text: 'compositeStep',
  if: 'compositeIf',
  shell: 'compositeStep',
  shellRequired: true,
  kinds: ['run', 'uses'],
  where: 'a composite action',
  without: ['timeout-minutes', 'background'],
};
