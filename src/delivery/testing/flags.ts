import { CodedError } from '../../diagnostics/index.ts';
import type { Json } from '../../flow/index.ts';
import type { EnvironmentState } from '../environment.ts';
import { flagWishes } from '../flags.ts';
import type { FlagSight } from '../observed.ts';
import type { FlagsChange, FlagStore } from '../ports.ts';

/** Flags of an environment in memory, with their versions. A flag is the name of its variant and nothing more. */
export class FlagsInMemory implements FlagStore {
  readonly flags = new Map<string, Json>([['cart', 'off']]);
  /** Each change, in words. */
  readonly changes: string[] = [];
  /** Those that somebody has changed while a rollout was under way: they stay as they are. */
  readonly touched = new Set<string>();
  /** Of the newest claim: whoever acts by an older one is late. */
  claim = 0;
  private version = 1;

  set({ seenVersion, flags }: FlagsChange, fence: number): Promise<void> {
    if (fence < this.claim) return Promise.reject(new CodedError('world/stale-fence', 'stale fence'));
    if (seenVersion !== this.version) return Promise.resolve();
    for (const [flag, to] of Object.entries(flags)) this.put(flag, to);
    this.version += 1;
    return Promise.resolve();
  }

  /** Somebody changes a flag; null removes it. */
  change(flag: string, to: Json | null): void {
    this.touched.add(flag);
    if (to === null) this.flags.delete(flag);
    else this.put(flag, to);
    this.version += 1;
  }

  see({ rollout }: EnvironmentState): FlagSight | null {
    const wishes = flagWishes(rollout);
    if (wishes.length === 0) return null;
    const seen = wishes.map(({ flag, variants }) => {
      const now = this.flags.get(flag) ?? null;
      return {
        flag,
        now,
        wanted: now === null ? null : (variants[0] ?? null),
        problem: now === null && variants.length > 0 ? `there is no flag "${flag}"` : null,
      };
    });
    return { version: this.version, seen };
  }

  private put(flag: string, to: Json): void {
    this.flags.set(flag, to);
    this.changes.push(`${flag}=${JSON.stringify(to)}`);
  }
}
