import type { Explanation, FlagContext } from '../flags/index.ts';
import type { StoredEvent } from '../flow/index.ts';
import type { AuditReport } from '../store/index.ts';
import type { Story } from '../story/index.ts';
import type {
  CollectionView,
  FlagsChangeView,
  FlagsView,
  FlagVersionView,
  RampView,
  HealthView,
  HistoryEntry,
  LogLine,
  PlanView,
  RolloutView,
  ShipView,
  StatusView,
} from '../wiring/index.ts';
import type {
  AbortRequest,
  AccessView,
  FlagsRequest,
  RampRequest,
  GrantRequest,
  PersonView,
  RevocationRequest,
  RollbackRequest,
  SecretRequest,
  Shipped,
  ShipRequest,
  RepairRequest,
  WordRequest,
} from './api.ts';
import {
  createConnector,
  type Connector,
  type Payload,
  type ServerPlace,
  type SshChoice,
} from './connector.ts';

/** Which lines of which logs. */
export interface LogQuery {
  app?: string | undefined;
  environment?: string | undefined;
  process?: string | undefined;
  ship?: string | undefined;
  job?: string | undefined;
  /** At most so many of the newest of each log. */
  lines?: number | undefined;
  follow?: boolean | undefined;
}

/** A secret as it may be shown: never its value. */
export interface SecretView {
  name: string;
  version: number;
  createdAtMs: number;
}

/**
 * A server, as its clients see it. Opens nothing until it is called.
 *
 * Every method throws `server/unreachable` when nobody answers, `ServerRefusal` for what the server refused, and
 * `server/failed` for its own mistakes. Streams end when the server ends them, or when `signal` aborts.
 */
export interface ServerClient {
  health(): Promise<HealthView>;
  status(): Promise<StatusView>;
  /** Commits that a bundle may build on. */
  heads(app: string): Promise<string[]>;
  putCommit(commit: { app: string; sha: string; ref: string; bundleFile: string }): Promise<void>;
  plan(request: ShipRequest): Promise<PlanView>;
  ship(request: ShipRequest): Promise<Shipped>;
  ships(query: { app?: string | undefined; limit?: number }): Promise<ShipView[]>;
  getShip(id: string): Promise<ShipView>;
  watchShip(id: string, signal?: AbortSignal): AsyncIterable<ShipView>;
  cancelShip(id: string, actor: string): Promise<void>;
  /** The new ship's id. */
  rerunShip(id: string, options: { actor: string; failed: boolean }): Promise<string>;
  getRollout(id: string): Promise<RolloutView>;
  /** What happened in a rollout, for somebody who was not there. */
  story(id: string): Promise<Story>;
  watchRollout(id: string, signal?: AbortSignal): AsyncIterable<RolloutView>;
  /** The rollout's id, and what whoever asked should know; a server of an older version has no notes. */
  rollback(request: RollbackRequest): Promise<{ rollout: string; notes?: string[] }>;
  /** The rollout's id. */
  repair(request: RepairRequest): Promise<string>;
  applyShared(request: RepairRequest & { service: string }): Promise<void>;
  collect(dryRun: boolean): Promise<CollectionView>;
  /** The id of the rollout that heard it. */
  say(request: WordRequest): Promise<string>;
  /** Ids of the rollouts that go back. */
  abort(request: AbortRequest): Promise<string[]>;
  history(query: {
    app?: string | undefined;
    environment?: string | undefined;
    limit?: number;
  }): Promise<HistoryEntry[]>;
  events(query: { chain?: string | undefined; after?: number; limit?: number }): Promise<StoredEvent[]>;
  audit(chain?: string): Promise<AuditReport>;
  logs(query: LogQuery, signal?: AbortSignal): AsyncIterable<LogLine>;
  /** The version that it got. */
  setSecret(request: SecretRequest): Promise<number>;
  secrets(query: { app: string; environment: string }): Promise<SecretView[]>;
  flags(query: { app: string; environment: string }): Promise<FlagsView>;
  changeFlags(request: FlagsRequest): Promise<FlagsChangeView>;
  /** Newest first. */
  flagHistory(query: { app: string; environment: string; limit?: number }): Promise<FlagVersionView[]>;
  rampFlag(request: RampRequest): Promise<RampView>;
  flagRamps(query: { app: string; environment: string }): Promise<RampView[]>;
  tellRamp(request: {
    app: string;
    environment: string;
    flag: string;
    actor: string;
    verb: 'abort' | 'promote';
  }): Promise<RampView>;
  explainFlag(request: {
    app: string;
    environment: string;
    flag: string;
    context: FlagContext;
  }): Promise<Explanation>;
  access(): Promise<AccessView>;
  grant(request: GrantRequest): Promise<PersonView>;
  revoke(request: RevocationRequest): Promise<void>;
  /** Whether each rollout to an environment needs a reviewer, whatever slipway.yml says. */
  demandReview(where: string, on: boolean): Promise<void>;
  shutdown(all: boolean): Promise<void>;
  /** Ends connections that are kept open; the client may still be used. */
  close(): void;
}

export { ServerRefusal } from './connector.ts';
export type { ServerPlace };

/** A client for the server of a home on this machine, or of another machine that ssh reaches. */
export function connectServer(place: ServerPlace, options: SshChoice = {}): ServerClient {
  const connector = createConnector(place, options);
  const { json, none, lines } = callsOver(connector);
  return {
    health: () => json('GET', '/v1/health'),
    status: () => json('GET', '/v1/status'),
    heads: async (app) => (await json<{ commits: string[] }>('GET', path`/v1/apps/${app}/heads`)).commits,
    putCommit: ({ app, sha, ref, bundleFile }) =>
      none('PUT', path`/v1/apps/${app}/commits/${sha}` + query({ ref }), { file: bundleFile }),
    plan: (request) => json('POST', '/v1/plans', { json: request }),
    ship: (request) => json('POST', '/v1/ships', { json: request }),
    ships: (filter) => json('GET', `/v1/ships${query(filter)}`),
    getShip: (id) => json('GET', path`/v1/ships/${id}`),
    watchShip: (id, signal) => lines(path`/v1/ships/${id}/watch`, signal),
    cancelShip: (id, actor) => none('POST', path`/v1/ships/${id}/cancel`, { json: { actor } }),
    rerunShip: async (id, options) =>
      (await json<{ ship: string }>('POST', path`/v1/ships/${id}/rerun`, { json: options })).ship,
    getRollout: (id) => json('GET', path`/v1/rollouts/${id}`),
    story: (id) => json('GET', path`/v1/rollouts/${id}/story`),
    watchRollout: (id, signal) => lines(path`/v1/rollouts/${id}/watch`, signal),
    rollback: (request) => json('POST', '/v1/rollbacks', { json: request }),
    say: async (request) => (await json<{ rollout: string }>('POST', '/v1/words', { json: request })).rollout,
    repair: async (request) =>
      (await json<{ rollout: string }>('POST', '/v1/repairs', { json: request })).rollout,
    applyShared: (request) => none('POST', '/v1/replacements', { json: request }),
    collect: (dryRun) => json('POST', '/v1/collections', { json: { dryRun } }),
    abort: async (request) =>
      (await json<{ rollouts: string[] }>('POST', '/v1/aborts', { json: request })).rollouts,
    history: (filter) => json('GET', `/v1/history${query(filter)}`),
    events: (filter) => json('GET', `/v1/events${query(filter)}`),
    audit: (chain) => json('POST', '/v1/audit', { json: chain === undefined ? {} : { chain } }),
    logs: (filter, signal) => lines(`/v1/logs${query({ ...filter })}`, signal),
    setSecret: async (request) =>
      (await json<{ version: number }>('PUT', '/v1/secrets', { json: request })).version,
    secrets: (filter) => json('GET', `/v1/secrets${query(filter)}`),
    flags: (filter) => json('GET', `/v1/flags${query(filter)}`),
    changeFlags: (request) => json('POST', '/v1/flags', { json: request }),
    flagHistory: (filter) => json('GET', `/v1/flags/history${query(filter)}`),
    rampFlag: (request) => json('POST', '/v1/flags/ramps', { json: request }),
    flagRamps: (filter) => json('GET', `/v1/flags/ramps${query(filter)}`),
    tellRamp: (request) => json('POST', '/v1/flags/ramps/words', { json: request }),
    explainFlag: (request) => json('POST', '/v1/flags/evaluations', { json: request }),
    access: () => json('GET', '/v1/access'),
    grant: (request) => json('POST', '/v1/grants', { json: request }),
    revoke: (request) => none('POST', '/v1/revocations', { json: request }),
    demandReview: (where, on) => none('POST', '/v1/reviews', { json: { where, on } }),
    shutdown: (all) => none('POST', '/v1/shutdown', { json: { all } }),
    close: () => connector.close(),
  };
}

function callsOver(connector: Connector) {
  return {
    json: async <T>(method: string, target: string, payload?: Payload): Promise<T> =>
      JSON.parse(await connector.text({ method, path: target, payload })) as T,
    none: async (method: string, target: string, payload: Payload): Promise<void> =>
      void (await connector.text({ method, path: target, payload })),
    lines: <T>(target: string, signal?: AbortSignal) =>
      parsed<T>(connector.lines({ method: 'GET', path: target, signal })),
  };
}

async function* parsed<T>(lines: AsyncIterable<string>): AsyncIterable<T> {
  for await (const line of lines) yield JSON.parse(line) as T;
}

function path(texts: TemplateStringsArray, ...values: string[]): string {
  return String.raw({ raw: texts }, ...values.map((value) => encodeURIComponent(value)));
}

function query(values: Record<string, string | number | boolean | undefined>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`;
}
