import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { currentOwner, openStore, type Owner, type Store } from '../../src/store/index.ts';

/** A clock that stands still until it is told to move; the wall may jump either way. */
export class FakeClock {
  wall = 1_000_000;
  monotonic = 5_000;

  wallMs(): number {
    return this.wall;
  }

  monotonicMs(): number {
    return this.monotonic;
  }

  /** Time passes as it should. */
  pass(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
  }
}

/** Where the rows of one test are. */
export type Place = { url: string } | { file: string };

/** Makes an empty database for one test. */
export type MakePlace = (home: string) => Promise<Place>;

/** An owner whose process certainly does not run on this machine any more. */
export function deadOwner(id: string): Owner {
  return { ...currentOwner(id), startTime: '1' };
}

/** An owner of whose process this machine can tell nothing. */
export function distantOwner(id: string): Owner {
  return { ...currentOwner(id), hostname: 'another.example' };
}

/** One database with any number of servers on it, each with a clock of its own. */
export class StoreWorld {
  readonly home: string;
  readonly place: Place;
  readonly #stores: Store[] = [];

  private constructor(home: string, place: Place) {
    this.home = home;
    this.place = place;
  }

  static async make(makePlace: MakePlace): Promise<StoreWorld> {
    const home = mkdtempSync(join(tmpdir(), 'slipway-store-'));
    return new StoreWorld(home, await makePlace(home));
  }

  async open(
    owner: Owner,
    clock = new FakeClock(),
    home = this.home,
  ): Promise<{ store: Store; clock: FakeClock }> {
    const store = await openStore({ ...this.place, home, clock, owner });
    this.#stores.push(store);
    return { store, clock };
  }

  async end(): Promise<void> {
    for (const store of this.#stores) await store.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}
