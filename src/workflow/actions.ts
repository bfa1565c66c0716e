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

const localSource = 'Slipway checks out the commit that the run is for, from its own copy of the repository';
const noSsh = `${localSource}; no key is used`;
const noRegistry = 'write the .npmrc in a `run:` step, with the token from `secrets`';
const otherRun = 'only artifacts of the same run can be downloaded; leave it out';

/** Every action that a step may use, by its name without version. Nothing is downloaded from anywhere. */
export const builtInActions: Readonly<Record<string, BuiltInAction>> = {
  'actions/checkout': {
    name: 'actions/checkout',
    versions: [3, 4, 5, 6],
    outputs: ['ref', 'commit'],
    inputs: {
      'fetch-depth': { use: 'honoured', default: '1' },
      path: honoured,
      clean: flag('true'),
      'persist-credentials': noEffect('no credential is stored: a push from a job has to bring its own'),
      'show-progress': noEffect('progress is not shown'),
      'set-safe-directory': noEffect('the workspace belongs to the user that runs the job'),
      submodules: only('false', 'check them out in a `run:` step: git submodule update --init'),
      lfs: only('false', 'fetch them in a `run:` step: git lfs pull'),
      'fetch-tags': only('false', 'set `fetch-depth: 0`, which brings the tags as well'),
      ref: refused(`${localSource}; leave \`ref\` out`),
      repository: refused('clone another repository in a `run:` step with git clone'),
      token: refused(`${localSource}; no token is used`),
      'ssh-key': refused(noSsh),
      'ssh-known-hosts': refused(noSsh),
      'ssh-strict': refused(noSsh),
      'ssh-user': refused(noSsh),
      filter: refused('leave it out: the copy is local, so a partial clone saves nothing'),
      'sparse-checkout': refused('leave it out: the whole commit is checked out'),
      'sparse-checkout-cone-mode': refused('leave it out: the whole commit is checked out'),
      'github-server-url': refused(localSource),
    },
  },
  'actions/setup-node': {
    name: 'actions/setup-node',
    versions: [3, 4, 5, 6],
    outputs: ['cache-hit', 'node-version'],
    oneOf: ['node-version', 'node-version-file'],
    inputs: {
      'node-version': honoured,
      'node-version-file': honoured,
      cache: {
        use: 'honoured',
        allowed: ['npm', ''],
        reason: 'only the cache of npm is kept; leave `cache` out',
      },
      'cache-dependency-path': honoured,
      'check-latest': only('false', 'name the version you want in `node-version`'),
      'package-manager-cache': only('false', 'ask for the cache with `cache: npm`'),
      architecture: refused("leave it out: the machine's own architecture is used"),
      'registry-url': refused(noRegistry),
      scope: refused(noRegistry),
      'always-auth': refused(noRegistry),
      token: refused('leave it out: Node.js comes from the npm registry, which needs no token'),
      mirror: refused("leave it out: Node.js comes from npm's registry; set the registry in .npmrc"),
      'mirror-token': refused("leave it out: Node.js comes from npm's registry; set the registry in .npmrc"),
    },
  },
  'actions/cache': {
    name: 'actions/cache',
    versions: [3, 4, 5],
    outputs: ['cache-hit'],
    inputs: {
      path: { use: 'honoured', required: true },
      key: { use: 'honoured', required: true },
      'restore-keys': honoured,
      'fail-on-cache-miss': flag('false'),
      'lookup-only': flag('false'),
      'upload-chunk-size': noEffect('the cache is on this machine, so nothing is uploaded'),
      enableCrossOsArchive: only('false', 'leave it out: caches are kept on one machine'),
      'save-always': refused('GitHub has withdrawn it; leave it out'),
    },
  },
  'actions/upload-artifact': {
    name: 'actions/upload-artifact',
    versions: [4, 5, 6],
    outputs: ['artifact-id', 'artifact-digest', 'artifact-url'],
    inputs: {
      name: { use: 'honoured', default: 'artifact' },
      path: { use: 'honoured', required: true },
      'if-no-files-found': { use: 'honoured', default: 'warn', allowed: ['warn', 'error', 'ignore'] },
      'retention-days': noEffect('artifacts are kept as long as their run'),
      'compression-level': noEffect('artifacts stay on this machine, and are not compressed'),
      overwrite: flag('false'),
      'include-hidden-files': flag('false'),
    },
  },
  'actions/download-artifact': {
    name: 'actions/download-artifact',
    versions: [4, 5, 6],
    outputs: ['download-path'],
    inputs: {
      name: honoured,
      path: honoured,
      pattern: honoured,
      'merge-multiple': flag('false'),
      'artifact-ids': refused('name the artifact with `name` or `pattern`'),
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
  /** `4` of `@v4`, `@v4.2` and `@v4.2.1` alike. */
  majorVersion: number;
}

/** Finds the built-in action behind `uses:`, or undefined when this version has none. */
export function builtInAction(uses: string): ActionReference | undefined {
  const [name = '', version = ''] = uses.split('@');
  const key = name.toLowerCase();
  const action = Object.hasOwn(builtInActions, key) ? builtInActions[key] : undefined;
  const major = /^v(\d+)(\.\d+){0,2}$/.exec(version)?.[1];
  if (!action || major === undefined || !action.versions.includes(Number(major))) return undefined;
  return { action, majorVersion: Number(major) };
}
