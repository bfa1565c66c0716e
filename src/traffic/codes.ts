import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `traffic/`, what it stands for and what to do. */
export const trafficCodes = {
  'acme-key-open': {
    means: 'Other users may read the key by which an authority knows us.',
    todo: '`chmod 600` it, or remove it for a new one.',
  },
  'acme-refused': {
    means: 'The certificate authority did not give a certificate.',
    todo: 'Let the name lead here and port 80 to the router; it is tried again by itself.',
  },
  'acme-unreachable': {
    means: 'The certificate authority does not answer.',
    todo: 'Look at the network of this machine; it is tried again by itself.',
  },
  'configuration-refused': {
    means: 'HAProxy, nginx, Caddy or Traefik does not take the configuration that the routes ask for.',
    todo: 'Read the notes; a part of your own may be at fault. The routes before are still in force.',
  },
  'control-failed': {
    means: 'The router did not do what it was asked.',
    todo: 'Read its log; it keeps the last good routes.',
  },
  'handing-over': { means: 'The router is being replaced just now.', todo: 'Nothing: it is asked again.' },
  internal: { means: 'A mistake in the router.', todo: 'Report it with its log.' },
  'invalid-arguments': {
    means: 'The router was started with wrong words.',
    todo: '`slipway up` starts it rightly.',
  },
  'invalid-control-call': {
    means: 'A request to the router that it does not understand.',
    todo: 'Use one version of Slipway for all of a home.',
  },
  'invalid-routes': {
    means: 'Routes that contradict themselves; the last good ones stay.',
    todo: 'Report it with the message.',
  },
  'listen-failed': {
    means: 'The router cannot listen at its address.',
    todo: 'Free the port, or `slipway up --http` with another.',
  },
  'not-installed': {
    means: 'The router that was chosen is not on this machine.',
    todo: 'Install it as the help says, or `slipway up --router embedded`.',
  },
  'program-failed': {
    means: 'HAProxy, nginx, Caddy or Traefik did not start to serve.',
    todo: 'Read its log; it is tried again.',
  },
  'program-too-old': {
    means: 'The router that was chosen is older than what Slipway drives.',
    todo: 'Install a newer one as the help says, or `slipway up --router embedded`.',
  },
  'program-refused': {
    means: 'HAProxy did not take a change while it runs.',
    todo: "Nothing: the same change is made again by a reload. Report it with the router's log if it stays.",
  },
  'program-silent': {
    means: 'HAProxy, Caddy or Traefik does not answer its agent.',
    todo: "Read the router's log; `slipway up` starts it again.",
  },
  'stale-fence': {
    means: 'A server that was replaced wanted to move traffic; it was refused.',
    todo: 'Nothing: the newer server goes on.',
  },
  'unknown-control-call': {
    means: 'A request that the router does not have.',
    todo: 'Use one version of Slipway for all of a home.',
  },
  unreachable: { means: 'The router does not answer.', todo: '`slipway up` starts it again; read its log.' },
  'upgrade-failed': {
    means: 'A new router could not take over; the old one goes on.',
    todo: 'Read its log.',
  },
  'upgrade-running': { means: 'The router is being replaced already.', todo: 'Wait for its end.' },
} as const satisfies Catalogue;
