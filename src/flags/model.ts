/** JSON, as documents of flags hold it. */
export type FlagJson = string | number | boolean | null | FlagJson[] | { [key: string]: FlagJson };

/** One flag as flagd writes it. @see https://flagd.dev/reference/flag-definitions/ */
export interface Flag {
  state: 'ENABLED' | 'DISABLED';
  /** Values by name, all of one type. */
  variants: Record<string, FlagJson>;
  /** What everybody gets whom no rule picks; without one, the default that the code of the app names. */
  defaultVariant?: string | null;
  /** JSON logic that ends in the name of a variant. */
  targeting?: Record<string, FlagJson>;
  metadata?: Record<string, FlagJson>;
}

/** The flags of an environment as one flagd document. A change puts a whole new one in its place. */
export interface FlagDocument {
  flags: Record<string, Flag>;
  /** Rules that flags share, by name. */
  $evaluators?: Record<string, FlagJson>;
  metadata?: Record<string, FlagJson>;
}

/** What an environment has before its first change. */
export const noFlags: FlagDocument = { flags: {} };

/** What somebody wants of the flags of an environment. */
export type FlagChange =
  /** A whole document in the place of the one that stands. */
  | { kind: 'apply'; file: string; text: string }
  /** Everybody gets one variant from now on. */
  | { kind: 'set'; flag: string; variant: string }
  /** So many of a hundred users get a variant, and always the same ones. */
  | { kind: 'ramp'; flag: string; variant: string; percent: number };
