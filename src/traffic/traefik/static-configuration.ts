import type { AgentSettings, ListenAddress } from '../agent/settings.ts';
import type { TraefikPaths } from './paths.ts';

/** Fields of the access log that `parseAccessLine` reads. */
const fields = [
  'ServiceName',
  'DownstreamStatus',
  'OriginStatus',
  'Duration',
  'ClientHost',
  'RequestCount',
] as const;

/** A request must have come whole, head and body, within this time: Traefik has one limit for both. */
const readTimeout = '600s';
/** Names of entry points: clear text and TLS. */
export const entryPoints = { plain: 'slipway', secure: 'slipway-tls' } as const;
/** Named in the access log, for the agent to find its own requests. */
export const markHeader = 'X-Slipway-Mark';

/**
 * What Traefik is started with. It is JSON, which YAML includes.
 *
 * HTTP/2 is left out, as with the other routers: one connection has one request at a time, by which lost lines of the
 * log are told.
 */
export function renderStatic(settings: AgentSettings, paths: TraefikPaths): string {
  const whole = {
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    log: { level: 'ERROR', format: 'json' },
    ...staticPart(settings, paths),
  };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

/** What must stand in the user's own configuration, too; each line is YAML. */
export function requiredLines(settings: AgentSettings, paths: TraefikPaths): string[] {
  return Object.entries(staticPart(settings, paths)).map(
    ([name, value]) => `${name}: ${JSON.stringify(value)}`,
  );
}

function staticPart(settings: AgentSettings, paths: TraefikPaths) {
  const { listen, tls } = settings;
  const keep = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 'keep']));
  return {
    accessLog: {
      filePath: paths.accessLog,
      format: 'json',
      fields: {
        defaultMode: 'drop',
        names: keep(fields),
        headers: { defaultMode: 'drop', names: keep(['User-Agent', 'Content-Type', 'Date', markHeader]) },
      },
    },
    entryPoints: {
      [entryPoints.plain]: entryPoint(listen, settings),
      ...(tls ? { [entryPoints.secure]: entryPoint(tls.listen, settings) } : {}),
    },
    providers: {
      // The shortest there is: changes are applied one after the other, and each is waited for.
      providersThrottleDuration: '1ms',
      file: { directory: paths.dynamicFolder, watch: true },
    },
  };
}

function entryPoint({ host, port }: ListenAddress, { drainTimeoutMs, trustedProxies }: AgentSettings) {
  return {
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    transport: {
      lifeCycle: { graceTimeOut: `${drainTimeoutMs}ms` },
      respondingTimeouts: { readTimeout, idleTimeout: '65s' },
    },
    ...(trustedProxies.length > 0 ? { forwardedHeaders: { trustedIPs: trustedProxies } } : {}),
    // A path reaches the app as it was written.
    http: { sanitizePath: false, encodeQuerySemicolons: true, maxHeaderBytes: 32_768 },
    http2: { maxConcurrentStreams: 1 },
  };
}
