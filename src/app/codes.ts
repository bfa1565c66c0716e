import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `app/`, what it stands for and what to do. */
export const appCodes = {
  'bad-duration': {
    means: 'A time without a unit, or not a time.',
    todo: 'Write a number and its unit, such as `10s` or `5m`.',
  },
  'bad-value': {
    means: 'A value that is none of those allowed.',
    todo: 'Use one of the values that the message lists.',
  },
  'cannot-wait': {
    means: 'A service waits for one that starts later in a rollout.',
    todo: 'Remove it from `depends_on`, or change a role under `services` in slipway.yml.',
  },
  'docker-proxy': {
    means: "A proxy of the Compose file finds containers by itself, through Docker's socket.",
    todo: "Leave it out; Slipway's router takes its place.",
  },
  'duplicate-host': {
    means: 'Two environments answer one host name.',
    todo: 'Give each environment hosts of its own.',
  },
  'duplicate-item': { means: 'A list holds something twice.', todo: 'Remove one of the two.' },
  'duplicate-key': { means: 'A key stands twice.', todo: 'Keep one of the two.' },
  'duplicate-process': {
    means: 'The Procfile defines a process twice.',
    todo: 'Rename one; for more copies use `replicas`.',
  },
  empty: { means: 'Something that must hold a value is empty.', todo: 'Fill it in, or remove the key.' },
  'env-and-secret': { means: 'A name is both in `env` and in `secrets`.', todo: 'Keep it in one of them.' },
  'fixed-port': {
    means: 'Two containers of a service would have to hold one port of the host.',
    todo: 'Remove the port, or let its predecessor end first.',
  },
  'local-port': {
    means: 'A published port without an address is bound to 127.0.0.1, so only this machine reaches it.',
    todo: 'Write `0.0.0.0:` before it to open it to others, or `127.0.0.1:` to say that this is meant.',
  },
  impossible: { means: 'Two settings cannot both hold.', todo: 'Change the one that the message names.' },
  'misplaced-key': {
    means: 'A key stands one level too high or too low.',
    todo: 'Move it to where the help says.',
  },
  'missing-key': { means: 'A key that another one needs is not there.', todo: 'Add it.' },
  'no-name': {
    means: 'Neither slipway.yml, package.json nor the folder gives a name that an app can have.',
    todo: 'Set `name` in slipway.yml.',
  },
  'no-process': {
    means: 'The Procfile defines no process.',
    todo: 'Add a line such as `web: node server.js`.',
  },
  'no-procfile': {
    means: 'Nothing says how the app is started.',
    todo: 'Commit a Compose file, a Procfile, or a `start` script in package.json.',
  },
  'not-yet': {
    means: 'The key belongs to a later version of Slipway.',
    todo: 'Use what the help names instead.',
  },
  'one-reviewer': {
    means: 'There is one reviewer, who may not approve what they ask for themselves.',
    todo: 'Name a second reviewer, or leave `prevent-self-review` out.',
  },
  'process-command': {
    means: 'A process of the Procfile has no command.',
    todo: 'Write the command after the colon.',
  },
  'process-name': {
    means: 'A name in the Procfile that a process cannot have.',
    todo: 'Use letters, digits, `_` and `-`.',
  },
  'procfile-line': {
    means: 'A line of the Procfile is not `name: command`.',
    todo: 'Write it so, or start it with `#`.',
  },
  'promotion-cycle': { means: 'Environments promote from each other.', todo: 'Remove one `promote-from`.' },
  'reserved-variable': { means: 'Slipway sets this variable itself.', todo: 'Choose another name.' },
  'start-script': {
    means: 'There is no Procfile, so the `start` script of package.json runs as `web`.',
    todo: 'Nothing, or commit a Procfile.',
  },
  'state-on-machines': {
    means: 'A service of the Compose file holds state, and the app is to run on other machines or several.',
    todo: 'Run it where every machine reaches it, and give the app its address as configuration.',
  },
  'unlike-swarm': {
    means: '`deploy.update_config` or `rollback_config` asks for what a rollout does otherwise.',
    todo: 'Nothing; or remove what the notes name.',
  },
  'unknown-environment': {
    means: 'An environment is named that slipway.yml does not define.',
    todo: 'Define it, or name one of those listed.',
  },
  'unknown-key': {
    means: 'A key that slipway.yml does not have.',
    todo: 'Use one of the keys listed; look for a typing mistake.',
  },
  'unknown-service': {
    means: 'A service is named that the Compose file does not have, or whose profile is not active.',
    todo: 'Name one of those listed.',
  },
  'unknown-process': {
    means: 'A process is named that the Procfile does not define.',
    todo: 'Name one of those listed.',
  },
  'volume-by-machine': {
    means: 'A service writes into a volume, and each machine of the environment has its own of that name.',
    todo: 'Nothing for a cache; keep what users upload in a store that every machine reaches.',
  },
  'volume-held-twice': {
    means: 'While a rollout moves, the old and the new revision hold a volume at once.',
    todo: 'Say in slipway.yml that it bears that, or keep the data in a service of its own.',
  },
  'which-kind': {
    means: 'The commit has both a Procfile and a Compose file.',
    todo: 'Write `kind: compose` or `kind: procfile` into slipway.yml.',
  },
  'which-port': {
    means: "It is not clear which port takes the users' requests.",
    todo: 'Write `route: { service: …, port: … }` into slipway.yml.',
  },
  'which-role': {
    means: 'It is not clear what a service is to a rollout.',
    todo: 'Write its role into slipway.yml, as the message shows.',
  },
  'which-service': {
    means: "It is not clear which service gets the users' requests.",
    todo: 'Write `route: { service: … }` into slipway.yml.',
  },
  'whole-environment': {
    means:
      'A metric of the judge does not tell revisions apart, so what the old one does counts for the new one.',
    todo: 'Nothing, if that is meant; else write `$revision` where the source picks one.',
  },
  'wrong-type': {
    means: 'A value is of another kind than its key takes.',
    todo: 'Write it in the form that the message shows.',
  },
  yaml: {
    means: 'slipway.yml is not YAML.',
    todo: 'Mend the syntax at the place that is marked; indent with spaces.',
  },
} as const satisfies Catalogue;
