import type { FlagServer, OnTrouble } from '../../flagd/index.ts';
import type { FlagSnapshot } from '../../flags/index.ts';
import type { Store } from '../../store/index.ts';
import type { FlagPlace } from './place.ts';
import type { Layout } from '../layout.ts';
import type { TroubleDesk } from './trouble-desk.ts';
import { doorSocket, flagHost, openOnPort } from './port.ts';

/** So soon a change that another server has made is taken, and a port that was taken is tried again. */
const lookEveryMs = 1_000;

type Log = (entry: { level: 'info' | 'error'; message: string; [key: string]: unknown }) => void;

/** What answering takes. */
interface FlagServiceParts {
  store: Pick<Store, 'flags' | 'documents' | 'flows'>;
  layout: Pick<Layout, 'flags'>;
  log: Log;
}

/** One environment's flags, as they are answered for. */
interface Served {
  snapshot: FlagSnapshot;
  server: FlagServer;
  /** Has its socket for containers, too. */
  isWhole: boolean;
}

/** Answers for the flags of every environment that has some, each on a port and a socket of its own. */
export class FlagService {
  readonly #store: FlagServiceParts['store'];
  readonly #layout: Pick<Layout, 'flags'>;
  readonly #log: Log;
  #desk: TroubleDesk | null = null;
  readonly #served = new Map<string, Served>();
  readonly #problems = new Map<string, string>();
  #turn: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;

  constructor({ store, layout, log }: FlagServiceParts) {
    this.#store = store;
    this.#layout = layout;
    this.#log = log;
  }

  /** Nothing is loaded that speaks to apps, before an environment has flags. */
  start(): void {
    this.#timer = setInterval(() => void this.#beat(), lookEveryMs);
    this.#timer.unref();
    void this.refresh();
  }

  async #beat(): Promise<void> {
    await this.refresh();
    // What could not be handed over is lost: a judge hears of trouble later, and never of too much.
    await this.#desk?.flush().catch((error: unknown) => this.#note('ramps', error));
  }

  /** Resolves once what the store has is what apps are answered. Never rejects: see `problems`. */
  refresh(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#look());
    return this.#turn;
  }

  /** By environment: why its flags are not answered for. */
  problems(): string[] {
    return [...this.#problems].map(([scope, problem]) => `flags of ${scope}: ${problem}`);
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#turn;
    await Promise.all([...this.#served.values()].map(({ server }) => server.close()));
    this.#served.clear();
  }

  async #look(): Promise<void> {
    try {
      for (const { version, ...place } of await this.#store.flags.newest()) {
        const scope = `${place.app}/${place.environment}`;
        const served = this.#served.get(scope);
        if (served?.isWhole && served.snapshot.version === version) continue;
        await this.#serve(scope, place).then(
          () => this.#problems.delete(scope),
          (error: unknown) => this.#note(scope, error),
        );
      }
    } catch (error) {
      this.#note('all environments', error);
      return;
    }
    this.#problems.delete('all environments');
  }

  async #serve(scope: string, place: FlagPlace): Promise<void> {
    const stored = await this.#store.flags.get(place);
    if (!stored) return;
    const [{ FlagSnapshot }, { documentOf }] = await Promise.all([
      import('../../flags/index.ts'),
      import('./change.ts'),
    ]);
    const snapshot = new FlagSnapshot(stored.version, documentOf(stored));
    const known = this.#served.get(scope);
    known?.server.publish(snapshot);
    const [{ serveFlags }, { TroubleDesk }] = await Promise.all([
      import('../../flagd/index.ts'),
      import('./trouble-desk.ts'),
    ]);
    this.#desk ??= new TroubleDesk(this.#store);
    const onTrouble: OnTrouble = (user, now) => this.#desk?.take(scope, user, now);
    const open = (port: number) => serveFlags({ host: flagHost, port, snapshot, onTrouble });
    const server = known?.server ?? (await openOnPort(scope, this.#store, open));
    const isWhole = known?.isWhole ?? false;
    this.#served.set(scope, { snapshot, server, isWhole });
    if (isWhole) return;
    await server.openSocket(await doorSocket(server.port, this.#layout));
    this.#served.set(scope, { snapshot, server, isWhole: true });
  }

  #note(scope: string, error: unknown): void {
    const { code, message } = error as NodeJS.ErrnoException;
    const problem = code === 'EADDRINUSE' ? 'another program has their port' : message;
    if (this.#problems.get(scope) === problem) return;
    this.#problems.set(scope, problem);
    this.#log({ level: 'error', message: `flags of ${scope}: ${problem}`, error: message });
  }
}
