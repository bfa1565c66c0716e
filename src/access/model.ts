/** What a person may be granted. Each includes looking; an admin includes the others. */
export const roles = ['viewer', 'deployer', 'reviewer', 'admin'] as const;
export type Role = (typeof roles)[number];

/** What a call of the API does, as far as it must be allowed. */
export type Right =
  /** Status, logs, history, the audit. */
  | 'look'
  /** Sends a commit and asks what would become of it. */
  | 'plan'
  /** Takes a commit on its way. */
  | 'ship'
  | 'rollback'
  /** Ends what is under way. */
  | 'abort'
  /** Pauses and resumes. */
  | 'hold'
  /** Approves, rejects, promotes. */
  | 'decide'
  /** Secrets, repairs, garbage, people, the server itself. */
  | 'manage';

/** How far a right reaches: over what anybody has begun, or over one's own. */
type Reach = 'any' | 'own';

/** What each role may do. */
export const rightsOf: Record<Role, Partial<Record<Right, Reach>>> = {
  viewer: { look: 'any' },
  deployer: { look: 'any', plan: 'any', ship: 'any', rollback: 'any', abort: 'own', hold: 'own' },
  reviewer: { look: 'any', plan: 'any', decide: 'any', abort: 'any', hold: 'any' },
  admin: {
    look: 'any',
    plan: 'any',
    ship: 'any',
    rollback: 'any',
    abort: 'any',
    hold: 'any',
    decide: 'any',
    manage: 'any',
  },
};

/** Environments that a grant is for; `*` stands for every app, or every environment. */
export interface Where {
  app: string;
  environment: string;
}

export interface Grant {
  role: Role;
  where: Where;
}

/** Somebody beside the owner. */
export interface Person {
  name: string;
  /** Of the Unix user whom the kernel lets in under this name; null for one who comes in by `slipway dial --as` alone. */
  uid: number | null;
  grants: Grant[];
}

/** Who may do what on one server. An empty one is not in force: the owner alone gets in, and may do everything. */
export interface Policy {
  /** By name; nobody twice. */
  people: Person[];
  /** Names from which everything was taken: what they began goes no further. */
  former: string[];
  /** Where a reviewer must approve each rollout, whatever slipway.yml says. */
  reviewed: Where[];
}

/** The policy of a server on which nothing was granted yet. */
export const nobodyElse: Policy = { people: [], former: [], reviewed: [] };

/** What a call is about. */
export type Place =
  | { kind: 'environment'; app: string; environment: string; startedBy?: string | undefined }
  /** Any environment of an app will do, such as for a ship of which nobody knows yet where it goes. */
  | { kind: 'app'; app: string; startedBy?: string | undefined }
  /** Every environment of an app. */
  | { kind: 'whole-app'; app: string }
  /** The server, with everything on it. */
  | { kind: 'server' }
  /** Any grant at all will do; what is answered is then only what the person may see. */
  | { kind: 'anywhere' };

/** Somebody who asks, and how it is known who that is. */
export interface Caller {
  name: string;
  /** The owner of the server's home, or root: may do everything, for the files say so. */
  isOwner: boolean;
  /** For people: `uid 1001 ana`. */
  proof: string;
}

/** What somebody wants to do. */
export interface Wish {
  right: Right;
  place: Place;
}
