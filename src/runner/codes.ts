import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's errors, without its `runner/`, what it stands for and what to do. */
export const runnerCodes = {
  aborted: {
    means: 'A program of a step was ended early, by a cancel or a timeout.',
    todo: 'Raise `timeout-minutes`, if it was the time.',
  },
  'action-depth': {
    means: 'Actions of the repository use each other more than ten deep.',
    todo: 'Look for an action that uses itself.',
  },
  'action-input': {
    means: 'An action was given an input that this machine cannot honour, or not one that it needs.',
    todo: 'Read what it says about the input, and mend `with`.',
  },
  'already-run': {
    means: 'The job of this directory was run before; its steps are not repeated.',
    todo: 'Ship again.',
  },
  'artifact-archive': {
    means: 'An artifact came as an archive that is damaged, or whose files would lie outside of it.',
    todo: 'Upload it again with an action of GitHub or of Slipway.',
  },
  'artifact-exists': {
    means: 'The run has an artifact of this name.',
    todo: 'Give the artifacts different names.',
  },
  'artifact-name': {
    means: 'A name that an artifact cannot have.',
    todo: 'Leave out the characters that are listed.',
  },
  'bad-action': {
    means: "An action's `action.yml` has mistakes.",
    todo: 'Mend what is listed below it.',
  },
  'bad-report': {
    means: "A job's report cannot be read.",
    todo: 'Look for a full disk; ship again.',
  },
  'cache-archive': {
    means: 'The files of a cache could not be packed or unpacked.',
    todo: 'Read what tar says below it.',
  },
  'cache-key': {
    means: 'A key that a cache cannot have.',
    todo: 'Use up to 512 characters without a comma, and at most 10 keys.',
  },
  'cache-miss': {
    means: 'No cache has the key, and the step asked to fail then.',
    todo: 'Save it first, or remove the setting.',
  },
  'cannot-start': {
    means: 'A program of a step cannot be started.',
    todo: 'Install it, or mend its path or mode.',
  },
  checkout: {
    means: 'The commit could not be checked out.',
    todo: 'Read what git says below it.',
  },
  'command-file': {
    means: 'A file through which the step talks to its runner cannot be read.',
    todo: 'Let steps only append to it.',
  },
  'docker-action': {
    means: 'The action runs in a container, and jobs here run on the machine itself.',
    todo: 'Run the tool in a `run:` step.',
  },
  'nested-deploy': {
    means: 'A deploy step stands inside an action, where the job cannot wait.',
    todo: 'Make it a step of the job.',
  },
  'no-action-script': {
    means: 'The script that an action names does not exist.',
    todo: 'Build the action and commit what it builds.',
  },
  'hash-files': {
    means: 'The files of a `hashFiles(…)` are too many or too large.',
    todo: 'Name fewer files.',
  },
  'no-artifact': {
    means: 'The run has no artifact of this name.',
    todo: 'Upload it in a job that this one needs.',
  },
  'no-environment': {
    means: 'A deploy step does not know where to.',
    todo: 'Give it, or its job, an `environment`.',
  },
  'no-files': {
    means: 'No file matches what is to be uploaded, and the step asked to fail then.',
    todo: 'Build first, or mend the path.',
  },
  'no-lock-file': {
    means: "npm's cache is asked for, and there is no lock file to key it by.",
    todo: 'Commit one, or remove `cache`.',
  },
  'no-local-action': {
    means: 'The path that a step uses holds no `action.yml`.',
    todo: 'Run `actions/checkout` before, or mend the path.',
  },
  'no-npm': {
    means: 'Another Node.js version is asked for, and there is no npm to install it with.',
    todo: 'Install npm, and start the server anew.',
  },
  'no-resume': {
    means: 'A parked job was started although its rollout has not ended.',
    todo: "Report it with the server's log.",
  },
  'no-shell': {
    means: "The shell is not on the job's PATH.",
    todo: 'Install it, or name another.',
  },
  'no-working-directory': {
    means: 'The directory that the step should run in does not exist.',
    todo: 'Make it in an earlier step, or mend the path.',
  },
  'not-a-map': {
    means: 'What is inserted into `env` or `with` is not an object.',
    todo: 'Insert an object, such as `${{ fromJSON(…) }}` of one.',
  },
  'node-unavailable': {
    means: 'The Node.js that was installed does not run here, or is not the version asked for.',
    todo: 'Look at the network and at the versions on npm.',
  },
  'node-version': {
    means: 'No Node.js version is what was asked for.',
    todo: 'Write it like `22` or `22.11.0`.',
  },
  'node-version-file': {
    means: 'The file that should say the Node.js version cannot be read, or does not say it.',
    todo: 'Commit it with one version in it.',
  },
  'npm-failed': {
    means: "npm's registry could not be asked, or did not have the package.",
    todo: 'Read what npm says below it.',
  },
  'python-version': {
    means: 'No Python of this machine is what was asked for.',
    todo: 'Install it, or write a version that is here, like `3.13`.',
  },
  'registry-url': {
    means: 'The registry of packages is no address.',
    todo: 'Write it in full, with https.',
  },
  'retention-days': {
    means: 'The days that an artifact is to be kept are no number of days.',
    todo: 'Write a whole number from 1 to 400.',
  },
  'step-failed': {
    means: 'The script of a step ended with a failure.',
    todo: 'Read the lines above it: `slipway logs <ship> --job <job>`.',
  },
  'unknown-action': {
    means: 'The action is neither built in nor in the repository; nothing is downloaded.',
    todo: 'Copy it into the repository, or do its work in a `run:` step.',
  },
  'unknown-shell': {
    means: 'A shell that is not known and does not say where the script goes.',
    todo: 'Use `bash`, `sh`, `python`, `pwsh` or a template with `{0}`.',
  },
} as const satisfies Catalogue;

/** Code of an error of this room. */
export type RunnerCode = keyof typeof runnerCodes;
