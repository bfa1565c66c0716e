/** What may be done with an input of a built-in action. */
export type ActionInput =
  | {
      use: 'honoured';
      required?: boolean;
      /** The value when the step gives none. */
      default?: string;
      /** The only values that are honoured; any other is refused for `reason`. */
      allowed?: readonly string[];
      reason?: string;
      /** Said to the author when the input is given: it is accepted, but does nothing here. */
      note?: string;
    }
  | { use: 'refused'; reason: string };

/** An action that Slipway performs itself. */
export interface BuiltInAction {
  /** `owner/name` */
  name: string;
  /** Major versions whose inputs these are. Version 3 of the artifact actions, which merges uploads, is shut down on GitHub. */
  versions: readonly number[];
  inputs: Readonly<Record<string, ActionInput>>;
  outputs: readonly string[];
  /** At least one of these inputs must be given. */
  oneOf?: readonly string[];
}

const honoured: ActionInput = { use: 'honoured' };
const flag = (value: string): ActionInput => ({
  use: 'honoured',
  default: value,
  allowed: ['true', 'false'],
});
const refused = (reason: string): ActionInput => ({ use: 'refused', reason });
const only = (value: string, reason: string): ActionInput => ({
  use: 'honoured',
  default: value,
  allowed: [value],
  reason,
});
const noEffect = (note: string): ActionInput => ({ use: 'honoured', note });

const localCopy = 'the commit comes from the copy of the repository on this machine, which needs no access';
const otherRun = 'only artifacts of the same run can be downloaded; leave it out';
const fromNpm = "Node.js comes from npm's registry, as .npmrc configures it";

const noUpload = noEffect('the cache is on this machine, so nothing is uploaded');
const oneSystem = noEffect('caches are kept on one machine, so there is no other system');

/** Every action that a step may use, by its name without version. Nothing is downloaded from anywhere. */
export const builtInActions: Readonly<Record<string, BuiltInAction>> = {
  'actions/checkout': {
    name: 'actions/checkout',
    versions: [1, 2, 3, 4, 5, 6, 7],
    outputs: ['ref', 'commit'],
    inputs: {
      // Only the repository of the run is at hand; another fails the step.
      repository: honoured,
      ref: honoured,
      'fetch-depth': { use: 'honoured', default: '1' },
      'fetch-tags': flag('false'),
      path: honoured,
      clean: flag('true'),
      'sparse-checkout': honoured,
      'sparse-checkout-cone-mode': flag('true'),
      submodules: { use: 'honoured', default: 'false', allowed: ['false', 'true', 'recursive'] },
      'persist-credentials': noEffect('no credential is stored: a push from a job has to bring its own'),
      'show-progress': noEffect('progress is not shown'),
      'set-safe-directory': noEffect('the workspace belongs to the user that runs the job'),
      filter: noEffect('objects are borrowed from the copy on this machine, so none is left out'),
      token: noEffect(localCopy),
      'ssh-key': noEffect(localCopy),
      'ssh-known-hosts': noEffect(localCopy),
      'ssh-strict': noEffect(localCopy),
      'ssh-user': noEffect(localCopy),
      'github-server-url': noEffect(localCopy),
      lfs: only('false', 'fetch them in a `run:` step: git lfs pull'),
    },
  },
  'actions/setup-node': {
    name: 'actions/setup-node',
    versions: [1, 2, 3, 4, 5, 6, 7],
    outputs: ['cache-hit', 'node-version'],
    inputs: {
      'node-version': honoured,
      'node-version-file': honoured,
      version: refused('write `node-version`, as it has been called since v3'),
      'check-latest': flag('false'),
      // Only the machine's own; another fails the step.
      architecture: honoured,
      cache: { use: 'honoured', allowed: ['npm', 'yarn', 'pnpm', ''], reason: 'these are known' },
      'cache-dependency-path': honoured,
      'package-manager-cache': flag('false'),
      'registry-url': honoured,
      scope: honoured,
      'always-auth': noEffect('GitHub has withdrawn it'),
      token: noEffect(fromNpm),
      mirror: noEffect(fromNpm),
      'mirror-token': noEffect(fromNpm),
    },
  },
  'actions/setup-python': {
    name: 'actions/setup-python',
    versions: [1, 2, 3, 4, 5, 6],
    outputs: ['python-version', 'python-path', 'cache-hit'],
    inputs: {
      'python-version': honoured,
      'python-version-file': honoured,
      // Only the machine's own; another fails the step.
      architecture: honoured,
      cache: { use: 'honoured', allowed: ['pip', ''], reason: 'only the cache of pip is kept' },
      'cache-dependency-path': honoured,
      'check-latest': noEffect('only versions that are installed on this machine are used'),
      'update-environment': flag('true'),
      'allow-prereleases': flag('false'),
      token: noEffect('nothing is downloaded'),
      freethreaded: only('false', 'install it on the machine, and call it in a `run:` step'),
      'pip-version': refused('run `python -m pip install pip==…` in a step'),
      'pip-install': refused('run `python -m pip install …` in a step'),
    },
  },
  'actions/cache': {
    name: 'actions/cache',
    versions: [1, 2, 3, 4, 5, 6],
    outputs: ['cache-hit', 'cache-primary-key', 'cache-matched-key'],
    inputs: {
      path: { use: 'honoured', required: true },
      key: { use: 'honoured', required: true },
      'restore-keys': honoured,
      'fail-on-cache-miss': flag('false'),
      'lookup-only': flag('false'),
      'upload-chunk-size': noUpload,
      enableCrossOsArchive: oneSystem,
      'save-always': refused('GitHub has withdrawn it; use actions/cache/save with `if: always()`'),
    },
  },
  'actions/cache/restore': {
    name: 'actions/cache/restore',
    versions: [3, 4, 5, 6],
    outputs: ['cache-hit', 'cache-primary-key', 'cache-matched-key'],
    inputs: {
      path: { use: 'honoured', required: true },
      key: { use: 'honoured', required: true },
      'restore-keys': honoured,
      'fail-on-cache-miss': flag('false'),
      'lookup-only': flag('false'),
      enableCrossOsArchive: oneSystem,
    },
  },
  'actions/cache/save': {
    name: 'actions/cache/save',
    versions: [3, 4, 5, 6],
    outputs: [],
    inputs: {
      path: { use: 'honoured', required: true },
      key: { use: 'honoured', required: true },
      'upload-chunk-size': noUpload,
      enableCrossOsArchive: oneSystem,
    },
  },
  'actions/upload-artifact': {
    name: 'actions/upload-artifact',
    versions: [4, 5, 6, 7],
    outputs: ['artifact-id', 'artifact-digest', 'artifact-url'],
    inputs: {
      name: { use: 'honoured', default: 'artifact' },
      path: { use: 'honoured', required: true },
      'if-no-files-found': { use: 'honoured', default: 'warn', allowed: ['warn', 'error', 'ignore'] },
      'retention-days': honoured,
      'compression-level': noEffect('artifacts stay on this machine, and are not compressed'),
      overwrite: flag('false'),
      'include-hidden-files': flag('false'),
      archive: only(
        'true',
        'an artifact is always kept as files with their paths; name the directory it lies in',
      ),
    },
  },
  'actions/download-artifact': {
    name: 'actions/download-artifact',
    versions: [4, 5, 6, 7, 8],
    outputs: ['download-path'],
    inputs: {
      name: honoured,
      'artifact-ids': honoured,
      path: honoured,
      pattern: honoured,
      'merge-multiple': flag('false'),
      'skip-decompress': only('false', 'artifacts are kept as files, so there is nothing to leave packed'),
      'digest-mismatch': noEffect('nothing is sent over a network, so there is nothing to compare'),
      'github-token': refused(otherRun),
      repository: refused(otherRun),
      'run-id': refused(otherRun),
    },
  },
  'slipway/deploy': {
    name: 'slipway/deploy',
    versions: [1],
    outputs: ['release', 'revision', 'url'],
    inputs: { environment: honoured },
  },
};

/** An action as a step names it. */
export interface ActionReference {
  action: BuiltInAction;
  /** `4` of `@v4`, `@v4.2` and `@v4.2.1` alike; the newest for a commit and for the branch where development goes on. */
  majorVersion: number;
}

/** What a pin by commit and the usual names of the branch stand for: whatever is newest. */
const newest = /^([0-9a-f]{40}|[0-9a-f]{64}|main|master)$/i;

/** Finds the built-in action behind `uses:`, or undefined when this version has none. */
export function builtInAction(uses: string): ActionReference | undefined {
  const [name = '', version = ''] = uses.split('@');
  const key = name.toLowerCase();
  const action = Object.hasOwn(builtInActions, key) ? builtInActions[key] : undefined;
  const written = /^v(\d+)(\.\d+){0,2}$/.exec(version)?.[1];
  const major = newest.test(version) ? action?.versions.at(-1) : Number(written);
  if (!action || major === undefined || !action.versions.includes(major)) return undefined;
  return { action, majorVersion: major };
}
