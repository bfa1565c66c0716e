/** Old processes that may finish what they have side by side; each holds its buffers and up to 32 MB of request log. */
const most = 16;

/**
 * An old process waits for its connections without end, since delivery says how long a drain takes. Here is what bounds
 * their number: the oldest beyond it, which end now, and with them what they still have.
 *
 * @param old - The oldest first.
 */
export function tooMany(old: readonly number[]): number[] {
  return old.slice(0, Math.max(0, old.length - most));
}
