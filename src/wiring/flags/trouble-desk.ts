import { createHash } from 'node:crypto';
import { isGoing, shareOf, type FlagSnapshot, type Trouble } from '../../flags/index.ts';
import type { Json } from '../../flow/index.ts';
import type { Store } from '../../store/index.ts';
import { rampFlows } from './ramps.ts';

/** More in a second tell nothing new; a storm of errors must not become one of writes. */
const mostAtOnce = 500;

/** Takes what apps tell of users who met trouble, and hands it to the ramps that are under way. */
export class TroubleDesk {
  readonly #store: Pick<Store, 'flows'>;
  /** By scope and user: the flags as they stood. What is lost with the server only takes longer to be seen. */
  #waiting = new Map<string, Map<string, FlagSnapshot>>();

  constructor(store: Pick<Store, 'flows'>) {
    this.#store = store;
  }

  take(scope: string, user: string, snapshot: FlagSnapshot): void {
    const users = this.#waiting.get(scope) ?? new Map<string, FlagSnapshot>();
    this.#waiting.set(scope, users);
    if (users.size < mostAtOnce && !users.has(user)) users.set(user, snapshot);
  }

  /** Hands over what has come since the last time. */
  async flush(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const { id, data } of await rampFlows(this.#store)) {
      const users = waiting.get(data.scope);
      if (!users || !isGoing(data.ramp)) continue;
      const { flag, variant, id: ramp } = data.ramp;
      const troubles = [...users].flatMap(([user, snapshot]): Trouble[] => {
        const share = shareOf(snapshot, { flag, variant, targetingKey: user });
        return share === null ? [] : [{ user: pseudonym(ramp, user), ...share }];
      });
      if (troubles.length > 0) await this.#store.flows.signal(id, 'troubles', troubles as unknown as Json);
    }
  }
}

/** Nobody can tell from the store who met trouble. */
function pseudonym(ramp: string, user: string): string {
  return createHash('sha256').update(`${ramp} ${user}`).digest('base64url').slice(0, 16);
}
