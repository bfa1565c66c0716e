import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's throws, without its `docker/`, what it stands for and what to do. */
export const dockerCodes = {
  'bad-address': {
    means: 'The address of a Docker Engine that Slipway cannot reach in this way.',
    todo: 'Write `unix:///var/run/docker.sock` or `ssh://user@host`.',
  },
  'build-failed': { means: 'An image could not be built.', todo: 'Read the end of the build log.' },
  conflict: {
    means: 'The engine has something of that name already, or is busy with it.',
    todo: 'Nothing, when it goes away by itself; else look at what it names.',
  },
  'disk-full': {
    means: "The engine's disk is full.",
    todo: '`docker system df` shows what takes the space.',
  },
  'engine-failed': {
    means: 'The engine could not do what was asked.',
    todo: 'Read what it said; its own log has more.',
  },
  'needs-buildx': {
    means: 'A build asks for something that the classic builder cannot do.',
    todo: 'Install buildx: `apt-get install docker-buildx`, or the package docker-buildx-plugin.',
  },
  'no-client': {
    means: 'Images are built with the docker command, which is not on this machine.',
    todo: '`apt-get install docker.io`, or the package docker-ce-cli.',
  },
  'no-permission': {
    means: 'The user of the server may not use the engine.',
    todo: 'Add the user to the group that owns the socket, and start the server again.',
  },
  'no-socket': {
    means: 'No Docker Engine runs where it was looked for.',
    todo: 'Install and start one, or name another.',
  },
  'not-answering': {
    means: 'The engine took a request and has not answered in time.',
    todo: 'Look at its log; containers that run are not affected.',
  },
  'not-found': { means: 'The engine does not have what was asked for.', todo: 'Read the message.' },
  'port-taken': {
    means: 'A port of the machine that a container publishes is in use.',
    todo: 'End what holds it, or publish another.',
  },
  'pull-failed': {
    means: 'An image could not be pulled.',
    todo: 'Look at the name, the network and the login of the registry.',
  },
  refused: { means: 'The engine refused what was asked.', todo: 'Read what it said.' },
  'ssh-failed': {
    means: 'ssh did not reach the engine on another machine.',
    todo: 'Try it by hand: `ssh user@host docker version`.',
  },
  unreachable: {
    means: 'The connection to the engine broke.',
    todo: 'Look whether it runs: `docker version`.',
  },
} as const satisfies Catalogue;
