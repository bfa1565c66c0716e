import type { Verb } from '../delivery/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import type { AskedRamp, FlagWish } from '../wiring/index.ts';

/*
 * The server's HTTP API, JSON over the unix socket <home>/server.sock (mode 0600), and people's sockets in
 * <home>.doors. What each call needs is in needs.ts. Views are in wiring/views.ts.
 *
 *   GET    /v1/health                          HealthView
 *   GET    /v1/status                          StatusView
 *   GET    /v1/apps/:app/heads                 { commits: string[] }, what a bundle may build on
 *   PUT    /v1/apps/:app/commits/:sha?ref=R    body: a git bundle (application/octet-stream) → 204
 *   POST   /v1/plans      ShipRequest          PlanView
 *   POST   /v1/ships      ShipRequest          Shipped
 *   GET    /v1/ships?app=&limit=               ShipView[], newest first
 *   GET    /v1/ships/:id                       ShipView
 *   GET    /v1/ships/:id/watch                 ShipView a line, at each change, until it has ended
 *   POST   /v1/ships/:id/cancel { actor }      204
 *   POST   /v1/ships/:id/rerun { actor, failed: boolean }   { ship: string }, the new one
 *   GET    /v1/rollouts/:id                    RolloutView
 *   GET    /v1/rollouts/:id/story              Story
 *   GET    /v1/rollouts/:id/watch              RolloutView a line, at each change, until it has ended
 *   POST   /v1/rollbacks  RollbackRequest      { rollout: string; notes: string[] }
 *   POST   /v1/words      WordRequest          { rollout: string }, that heard it
 *   POST   /v1/repairs    RepairRequest        { rollout: string }
 *   POST   /v1/replacements  RepairRequest & { service }   204
 *   POST   /v1/collections   { dryRun: boolean }   CollectionView
 *   POST   /v1/aborts     AbortRequest         { rollouts: string[] }
 *   GET    /v1/history?app=&environment=&limit=   HistoryEntry[]
 *   GET    /v1/events?chain=&after=&limit=     StoredEvent[]
 *   POST   /v1/audit      { chain?: string }   AuditReport
 *   GET    /v1/logs?app=&environment=&process=&ship=&job=&lines=&follow=   LogLine a line
 *   PUT    /v1/secrets    SecretRequest        { version: number }
 *   GET    /v1/secrets?app=&environment=       { name, version, createdAtMs }[]
 *   GET    /v1/flags?app=&environment=         FlagsView
 *   POST   /v1/flags      FlagsRequest         FlagsChangeView
 *   GET    /v1/flags/history?app=&environment=&limit=   FlagVersionView[], newest first
 *   GET    /v1/flags/ramps?app=&environment=   RampView[], the last of each flag
 *   POST   /v1/flags/ramps   RampRequest       RampView, once it is under way
 *   POST   /v1/flags/ramps/words   { app, environment, flag, actor, verb }   RampView, once it was heard
 *   POST   /v1/flags/evaluations { app, environment, flag, context }   Explanation
 *   GET    /v1/access                          AccessView
 *   POST   /v1/grants     GrantRequest         PersonView
 *   POST   /v1/revocations   RevocationRequest   204
 *   POST   /v1/reviews    { where, on: boolean }   204; whether each rollout there needs a reviewer
 *   POST   /v1/shutdown   { all: boolean }     204, before it ends
 *
 * What a user did wrong is answered with a 4xx status and an ErrorBody.
 */

export interface ErrorBody {
  findings: Finding[];
  /** Texts of the files that the findings point into. */
  sources: Record<string, string>;
}

/** A ship under way, with what was left out or has no effect, and the texts that this points into. */
export interface Shipped {
  ship: string;
  /** Absent from an older server. */
  warnings?: Finding[];
  sources?: Record<string, string>;
}

export interface ShipRequest {
  app: string;
  commit: string;
  ref: string;
  actor: string;
  /** The repository's default branch; the only one that ships without a slipway.yml. */
  defaultBranch: string;
}

export interface RollbackRequest {
  app: string;
  environment: string;
  actor: string;
  /** Revision or commit to go back to; the one before, if not said. */
  to?: string;
  /** Also across a migration that cannot be undone. */
  force?: boolean;
}

/** What somebody says to the rollout under way in an environment. */
export interface WordRequest {
  app: string;
  environment: string;
  verb: Verb;
  actor: string;
  /** Of a rejection. */
  reason?: string;
  /** Promotes to the end: no more holds, no bake. */
  full?: boolean;
}

export interface RepairRequest {
  app: string;
  environment: string;
  actor: string;
}

export interface AbortRequest {
  app?: string;
  environment?: string;
  rollout?: string;
  actor: string;
}

export interface SecretRequest {
  app: string;
  /** Or `*`: for every job of the app, and for no process. */
  environment: string;
  name: string;
  value: string;
  actor: string;
}

/** A change of the flags of an environment, made as a whole. */
export interface FlagsRequest {
  app: string;
  environment: string;
  wish: FlagWish;
  actor: string;
  /** Only says what it would do. */
  dryRun?: boolean;
}

/** Raises the share of a variant step by step, for as long as it does no harm. */
export interface RampRequest extends AskedRamp {
  app: string;
  environment: string;
}

/** Lets somebody do more. */
export interface GrantRequest {
  person: string;
  role: string;
  /** `production`, `shop/production`, `shop/*`; everywhere, if not said. */
  where?: string;
}

/** Takes a role away, or without one everything. */
export interface RevocationRequest {
  person: string;
  role?: string;
  /** Wherever it was granted, if not said. */
  where?: string;
}

/** Somebody beside the owner. */
export interface PersonView {
  name: string;
  /** Of the Unix user who is let in; null for one who comes in by `slipway dial --as` alone. */
  uid: number | null;
  /** `deployer of production` */
  grants: string[];
  /** All grants in words. */
  is: string;
  /** How the server knows them. */
  proof: string;
}

/** Who may do what, as far as the one who asks may see it. */
export interface AccessView {
  you: { name: string; proof: string; isOwner: boolean };
  /** The user name that the server runs as. */
  owner: string;
  /** False while nobody beside the owner gets in: then names are those that people say. */
  inForce: boolean;
  /** Environments in which a reviewer must approve each rollout, whatever slipway.yml says. */
  reviewed: string[];
  people: PersonView[];
}
