import type { CaddyPaths } from './paths.ts';
import { hasValue, streamPatience, type CaddyRoute, type Json } from './routes.ts';

/** How long a configuration goes on after the next one serves. */
export const handOverMs = 500;
/** Well within that: a connection that nobody uses is closed by the side that would use it. */
const keptMs = 250;

/** Says that a request came by an old configuration of the back. */
export const handedOver = 'X-Slipway-Handed-Over';

/** Proxies to the newest configuration of the back. */
export function toNewest({ newest }: CaddyPaths, request: Json): Json {
  return {
    handler: 'reverse_proxy',
    upstreams: [{ dial: `unix/${newest}` }],
    // Until the back is there again, when it ended.
    load_balancing: {
      try_duration: '5s',
      try_interval: '20ms',
      retry_match: [{ method: ['SLIPWAY-NEVER'] }],
    },
    transport: {
      protocol: 'http',
      compression: false,
      keep_alive: { idle_timeout: `${keptMs}ms`, max_idle_conns_per_host: 1_024 },
    },
    headers: { request, response: { delete: ['Via'] } },
    stream_close_delay: streamPatience,
  };
}

const isReplaced = hasValue('{http.shutting_down}', 'true');

/** In a configuration that is replaced, each answer ends its connection: none is idle when idle ones are closed. */
export const endingConnections: CaddyRoute = {
  match: [{ ...isReplaced, not: [{ header: { Upgrade: ['*'] } }] }],
  handle: [{ handler: 'headers', response: { set: { Connection: ['close'] } } }],
};

/** What still comes by kept connections goes on to the newest; once, for the link may be behind for a moment. */
export function handingOver(paths: CaddyPaths): CaddyRoute {
  return {
    match: [{ ...isReplaced, not: [{ header: { [handedOver]: ['*'] } }] }],
    handle: [toNewest(paths, { set: { [handedOver]: ['yes'] } })],
    terminal: true,
  };
}
