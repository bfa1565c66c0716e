import type { Act } from './act.ts';

/** What users and the engine see of the version that serves. */
export interface Stack {
  version: string;
  /** Of the image that its web copy runs. */
  image: string;
  /** Configuration: LIBRARY_NAME. */
  library: string;
  /** Which version of the secret SIGNING_KEY signs the answers. */
  keyId: string;
}

/** What the judge is told beside the acts. */
export interface DockerEvidence {
  acts: Act[];
  commits: Record<string, string>;
  /** Shares of traffic that v2 was held at, in order. */
  shares: number[];
  /** v1 when it was new, v2, and v1 after the way back. */
  stacks: { before: Stack; between: Stack; after: Stack };
  /** The containers of database and cache, at the beginning and at the end. */
  shared: { first: string; last: string };
  /** Null when it was to be kept. */
  leftovers: string[] | null;
}

/** Versions of the app in this act, by the name of their commit. */
export const versions = { v1: '1.0.0', v2: '1.1.0', v5: '1.3.0', v6: '1.4.0' } as const;

/** Under which name the requests of a share of a canary are booked. */
export function phaseOf(name: string, share: number): string {
  return `${name}: ${share} %`;
}
