import { setTimeout as sleep } from 'node:timers/promises';
import { containerLabel } from '../targets/index.ts';
import type { Docker } from './docker.ts';

/** After the engine's word broke off, as in its restart. Looks at intervals go on meanwhile. */
const againMs = 5_000;

/**
 * Has an environment looked at as soon as the engine of this machine calls one of its copies healthy, so that no rollout
 * waits for the next look. Nothing depends on it: an event that is lost costs an interval at most.
 */
export class HealthWatch {
  private readonly docker: Pick<Docker, 'engine' | 'homeId'>;
  private readonly look: (scope: string) => Promise<void>;
  private readonly closing = new AbortController();
  private following = false;

  /** @param look - Asks for a look; what it throws is left alone. */
  constructor(docker: Pick<Docker, 'engine' | 'homeId'>, look: (scope: string) => Promise<void>) {
    this.docker = docker;
    this.look = look;
  }

  /** Begins to listen unless it has begun. One that is reached through ssh would keep a connection for it alone. */
  follow(): void {
    if (this.following || this.docker.engine.address.kind !== 'unix') return;
    this.following = true;
    void this.listen();
  }

  close(): void {
    this.closing.abort();
  }

  private async listen(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      await this.tellOn(signal).catch(() => {});
      await sleep(againMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  private async tellOn(signal: AbortSignal): Promise<void> {
    const { engine, homeId } = this.docker;
    const wanted = {
      type: ['container'],
      event: ['health_status: healthy'],
      label: [`${containerLabel.home}=${homeId}`],
    };
    for await (const { Actor } of engine.events(wanted, signal)) {
      const scope = Actor.Attributes[containerLabel.scope];
      if (scope !== undefined) await this.look(scope).catch(() => {});
    }
  }
}
