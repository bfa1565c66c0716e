/** Every code of this room's errors, without its `runner/`, and what it stands for. */
export const runnerCodes = {
  aborted: 'A program of a step was ended early, by a cancel or a timeout.',
  'already-run': 'The job of this directory was run before; its steps are not repeated.',
  'artifact-exists': 'The run has an artifact of this name.',
  'artifact-name': 'A name that an artifact cannot have.',
  'bad-report': "A job's report cannot be read.",
  'cache-miss': 'No cache has the key, and the step asked to fail then.',
  'cannot-start': 'A program of a step cannot be started.',
  checkout: 'The commit could not be checked out.',
  'command-file': 'A file through which the step talks to its runner cannot be read.',
  'no-artifact': 'The run has no artifact of this name.',
  'no-environment': 'A deploy step does not know where to.',
  'no-files': 'No file matches what is to be uploaded, and the step asked to fail then.',
  'no-lock-file': "npm's cache is asked for, and there is no lock file to key it by.",
  'no-npm': 'Another Node.js version is asked for, and there is no npm to install it with.',
  'no-resume': 'A parked job was started although its rollout has not ended.',
  'no-shell': "The shell is not on the job's PATH.",
  'no-working-directory': 'The directory that the step should run in does not exist.',
  'node-unavailable': 'The Node.js that was installed does not run here, or is not the version asked for.',
  'node-version': 'No Node.js version is what was asked for.',
  'node-version-file': 'The file that should say the Node.js version cannot be read, or does not say it.',
  'npm-failed': "npm's registry could not be asked, or did not have the package.",
  'step-failed': 'The script of a step ended with a failure.',
  'unknown-action': 'The action is not built in.',
  'unknown-shell': 'A shell that is not known and does not say where the script goes.',
} as const;

/** Code of an error of this room. */
export type RunnerCode = keyof typeof runnerCodes;
