/** Time as a port. Engines and stores never ask the machine themselves. */
export interface Clock {
  /** Milliseconds since 1970; may jump either way. For people, and for `wakeAtMs`. */
  wallMs(): number;
  /** Milliseconds since some moment of this process; only ever grows. For leases and other durations. */
  monotonicMs(): number;
}
