import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `wiring/`, what it stands for and what to do. */
export const wiringCodes = {
  'bad-name': {
    means: 'A server asked for a copy or task whose name is none.',
    todo: 'Use one version of Slipway on both machines.',
  },
  'already-released': {
    means: 'A ship that has rolled something out is not run again.',
    todo: 'Ship the commit again.',
  },
  'app-renamed': { means: 'The commit calls its app otherwise than it was sent.', todo: 'Ship again.' },
  'bad-address': {
    means: 'This machine has no such address to listen on.',
    todo: '`slipway up --http 127.0.0.1:8080`.',
  },
  'bad-app-name': { means: 'A name that no app can have.', todo: 'Set `name` in slipway.yml.' },
  'bad-router-setting': {
    means: 'The router cannot be started as was asked for.',
    todo: 'Read the help; nothing was changed.',
  },
  'branch-not-allowed': {
    means: 'The environment does not take this branch.',
    todo: 'Merge into one that it takes, or add this one to its `branches`.',
  },
  'context-outside': {
    means: 'A build takes files that are not in the commit.',
    todo: 'Build from a folder of the repository.',
  },
  'damaged-release': {
    means: 'A release was changed on disk, so it is not rolled out.',
    todo: 'Find out who changed it; ship the commit again.',
  },
  'file-gone': {
    means: 'A secret or config of a Compose file has no content on the server.',
    todo: 'Put the file there, or `slipway secrets set`.',
  },
  'data-taken': {
    means:
      'A shared service would write to data that another one has, or a container that is not of this server.',
    todo: 'Give it one of its own; or end the other one first, as the help says.',
  },
  'files-not-taken': {
    means: 'The files of a release could not be unpacked on another machine.',
    todo: 'Look whether its disk is full: `df -h`.',
  },
  'host-taken': { means: 'Another app answers that host.', todo: 'Give this environment another `host`.' },
  'image-failed': {
    means: 'An image could not be built or fetched.',
    todo: 'Read the last lines of its log: `slipway logs --job images`.',
  },
  'images-under-way': {
    means: 'Images are being made, so nothing is collected now.',
    todo: 'Try again when the ship has got further.',
  },
  irreversible: {
    means: 'The way back leads across a migration that cannot be undone.',
    todo: 'Mend it and ship; or `slipway rollback --force`.',
  },
  'late-call': {
    means: 'A server asked something of this machine, and had given up waiting before it was read.',
    todo: 'Nothing: what it still wants it asks again.',
  },
  'flag-of-rollout': {
    means: 'A rollout that is under way turns that flag, so it is not ramped.',
    todo: 'Wait for its end, or `slipway abort`.',
  },
  'machine-processor': {
    means: 'A machine has another processor than the one that images are built on.',
    todo: 'Take machines of one processor.',
  },
  'machine-silent': {
    means: 'A machine of the environment does not answer, so nothing new is begun there.',
    todo: 'Read why; start its server, or leave it out of `machines` until it is back.',
  },
  'machine-twice': {
    means: 'Two names of `machines` are one machine.',
    todo: 'Remove one of the two.',
  },
  'machine-version': {
    means: 'Two machines of an environment have different versions of Slipway.',
    todo: 'Install the same version on all machines.',
  },
  'metric-silent': {
    means: 'The source of a metric does not answer, so the judge of a rollout would get no number of it.',
    todo: 'Start it, or mend its address in slipway.yml; a metric without a number proves nothing.',
  },
  'no-docker': {
    means: 'A Compose app needs Docker, and no engine answers.',
    todo: 'Install it, or name an engine with DOCKER_HOST when you start the server.',
  },
  'no-earlier-release': {
    means: 'Nothing ran here before what runs now, or only what a rollback has left.',
    todo: 'Mend it and ship, or name one of `slipway history`: `slipway rollback --to r3`.',
  },
  'no-flag-to-turn': {
    means: 'A step of a rollout turns a flag, or to a variant, that the environment does not have.',
    todo: '`slipway flags apply` a file that has it, or correct `flags` of the step.',
  },
  'no-rollout': {
    means: 'Nothing is being rolled out there.',
    todo: '`slipway status` shows what is under way.',
  },
  'not-now': {
    means: 'The rollout does not wait for that.',
    todo: '`slipway status` shows what it waits for, and what you can say to it.',
  },
  'not-yours': {
    means: 'Somebody else must approve or reject the rollout.',
    todo: 'Ask one of its reviewers; or `slipway abort`.',
  },
  'no-ramp': {
    means: 'The flag is not being ramped.',
    todo: '`slipway flags ramps` shows what is, and what was.',
  },
  'ramp-under-way': {
    means: 'The flag is being ramped already.',
    todo: 'Wait for the end of that ramp, or `slipway flags abort` it.',
  },
  'no-such-flags': {
    means: 'The environment has no such version of its flags.',
    todo: '`slipway flags history ENVIRONMENT` lists them.',
  },
  'no-such-job': { means: 'The workflow, or the ship, has no such job.', todo: 'Name one of those listed.' },
  'nothing-failed': { means: 'No job of the ship failed.', todo: 'Run all of it again, without `--failed`.' },
  'slow-pattern': {
    means: 'The pattern of a `log` metric takes longer than a second on what the copies have said.',
    todo: 'Write it without a repetition inside a repetition, such as `(a+)+`.',
  },
  'still-running': {
    means: 'The ship has not ended yet.',
    todo: 'Wait for it, or `slipway abort`.',
  },
  'no-such-process': {
    means: 'What runs in the environment has no such process.',
    todo: 'Name one of those listed.',
  },
  'no-such-revision': {
    means: 'Neither a revision nor a commit that has run here.',
    todo: '`slipway history` lists them.',
  },
  'no-such-rollout': { means: 'There is no rollout of that name.', todo: '`slipway history` lists them.' },
  'no-such-ship': {
    means: 'There is no ship of that name.',
    todo: '`slipway status` shows what is under way.',
  },
  'no-workflow': {
    means: 'The commit has no workflow, so nothing would check it.',
    todo: 'Commit `.github/workflows/ci.yml` that runs your tests.',
  },
  'not-promoted': {
    means: 'The environment takes only what another has run, and that one has not run this commit.',
    todo: 'Let the job that deploys there come first.',
  },
  'not-collected': {
    means: 'An environment did not come to collecting its garbage.',
    todo: '`slipway status` shows what holds it up.',
  },
  'not-replaceable': {
    means: 'No such shared service runs, or something else is under way.',
    todo: '`slipway status` shows what runs where.',
  },
  'nothing-runs': {
    means: 'Nothing runs in the environment.',
    todo: '`slipway status` shows what runs where.',
  },
  'nothing-triggered': {
    means: 'A push to this branch starts no workflow, so nothing would check it.',
    todo: 'Add the branch to `on: push: branches:`, or ship from another.',
  },
  'port-forbidden': {
    means: 'Only root may listen on this port.',
    todo: 'Take one from 1024 on, or let `slipway install` write units.',
  },
  'port-taken': {
    means: 'Another program listens on the port.',
    todo: '`slipway up --http` with another one.',
  },
  'read-only-mount': {
    means:
      'A file or folder of the commit is mounted without `:ro`, and is read-only nevertheless: it belongs to the release.',
    todo: 'Write `:ro` behind it, or use a named volume where the app writes.',
  },
  'release-gone': { means: 'The release is not on this machine any more.', todo: 'Ship its commit again.' },
  'rollout-under-way': {
    means: 'The environment has a rollout under way.',
    todo: 'Wait for it, or `slipway abort`.',
  },
  'router-cannot': {
    means: 'An environment asks for what the router of this server cannot do.',
    todo: 'Ask for less in slipway.yml, or `slipway up` with a router that can.',
  },
  'router-in-use': {
    means: 'The server runs with another router, or other settings of it, than was asked for.',
    todo: '`slipway down`, then `slipway up` with the flags; apps go on meanwhile.',
  },
  'router-silent': {
    means: 'The router did not answer after its start.',
    todo: 'Read its log, which is named.',
  },
  'secret-gone': {
    means: 'A secret that a container is to start with has no value any more.',
    todo: '`slipway secrets set`.',
  },
  'secret-in-image': {
    means: 'A secret is an argument of a build, which anyone who has the image can read.',
    todo: 'Give it as a secret of the build.',
  },
  'serves-already': {
    means: 'What you want to go back to serves already.',
    todo: 'Name another: `slipway history`.',
  },
  'unknown-environment': {
    means: 'The app does not define the environment.',
    todo: 'Add it to slipway.yml, or name one of those listed.',
  },
} as const satisfies Catalogue;
