import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerInspectInfo } from 'dockerode';
import type { Engine } from '../../docker/index.ts';
import { label } from './names.ts';

/** Why a container's healthcheck does not call it well; undecided while the engine has not given it up. */
export interface Unwell {
  failed: string;
  undecided?: true;
}

/** What one run of a healthcheck said. */
interface Word {
  begunMs: number;
  /** Null: it passed. */
  failed: string | null;
}

interface Asked {
  scope: string;
  moment: string;
  /** When that moment was first heard of. */
  sinceMs: number;
  running: Promise<void> | null;
  last: (Word & { endedMs: number }) | null;
}

/** Between two runs that fail: as often as the engine itself looks at a container that starts. */
const againMs = 5_000;
const soonMs = 1_000;
/** What the engine takes where a healthcheck leaves it out. */
const usualTimeoutMs = 30_000;
const nanoPerMs = 1_000_000;
const shownCharacters = 200;

/**
 * What healthchecks say from a moment on. The engine's own last word may be as old as the check's interval, so until its
 * next one the same check is run here, once at a time. A pass counts at once; what fails for good, the engine alone says
 * after its retries.
 */
export class Healthchecks {
  readonly #engine: Pick<Engine, 'containers'>;
  readonly #asked = new Map<string, Asked>();

  constructor(engine: Pick<Engine, 'containers'>) {
    this.#engine = engine;
  }

  /** Forgets the containers of a scope that are gone. */
  forgetOthers(scope: string, ids: readonly string[]): void {
    for (const [id, asked] of this.#asked)
      if (asked.scope === scope && !ids.includes(id)) this.#asked.delete(id);
  }

  /**
   * Why a container that runs is not well; null when it is, or has no healthcheck.
   *
   * @param patienceMs - How long to wait here for a check that has just begun; it goes on until its own timeout.
   */
  async judge(container: ContainerInspectInfo, moment: string, patienceMs: number): Promise<Unwell | null> {
    const { State } = container;
    if (!hasCheck(container)) return null;
    const asked = this.#at(container, moment);
    const sinceMs = Math.max(asked.sinceMs, Date.parse(State.StartedAt));
    const engines = engineWord(container, sinceMs);
    if (!engines && !isSoon(container) && isDue(asked, sinceMs)) asked.running = this.#run(container, asked);
    const own = () => (asked.last && asked.last.begunMs >= sinceMs ? asked.last : null);
    if (!engines && !own() && asked.running)
      await Promise.race([asked.running, sleep(patienceMs, undefined, { ref: false })]);
    return unwell(container, newest(engines, own()));
  }

  #at({ Id, Config }: ContainerInspectInfo, moment: string): Asked {
    const scope = Config.Labels[label.scope] ?? '';
    const asked = this.#asked.get(Id) ?? { scope, moment: '', sinceMs: 0, running: null, last: null };
    this.#asked.set(Id, asked);
    if (asked.moment !== moment) Object.assign(asked, { moment, sinceMs: Date.now() });
    return asked;
  }

  async #run(container: ContainerInspectInfo, asked: Asked): Promise<void> {
    const begunMs = Date.now();
    const failed = await this.#failure(container);
    asked.last = { begunMs, endedMs: Date.now(), failed };
    asked.running = null;
  }

  /** Never throws: that it cannot be run is a failure, as it is to the engine. */
  async #failure({ Name, Config }: ContainerInspectInfo): Promise<string | null> {
    const timeoutMs = (Config.Healthcheck?.Timeout ?? 0) / nanoPerMs || usualTimeoutMs;
    let said = '';
    try {
      const code = await this.#engine.containers.exec(Name.slice(1), {
        command: commandOf(Config),
        timeoutMs,
        onOutput: (text) => (said = (said + text.toString('utf8')).slice(0, 2 * shownCharacters)),
      });
      return code === 0 ? null : saidIn(said) || `exit code ${code}`;
    } catch (error) {
      return (error as Error).message;
    }
  }
}

/** As the engine runs it: directly, or by the shell of the image. */
function commandOf(config: ContainerInspectInfo['Config']): string[] {
  const [kind, ...words] = config.Healthcheck?.Test ?? [];
  const { Shell } = config as { Shell?: string[] | null };
  return kind === 'CMD-SHELL' ? [...(Shell ?? ['/bin/sh', '-c']), ...words] : words;
}

function hasCheck({ State }: ContainerInspectInfo): boolean {
  return State.Health !== undefined && State.Health.Status !== 'none';
}

/** The engine's last word, if the check began since then. */
function engineWord({ State }: ContainerInspectInfo, sinceMs: number): Word | null {
  const last = State.Health?.Log?.at(-1);
  const begunMs = Date.parse(last?.Start ?? '');
  if (!last || !(begunMs >= sinceMs)) return null;
  return { begunMs, failed: last.ExitCode === 0 ? null : saidIn(last.Output) };
}

/** Whether the engine looks so often that running the check here, too, would be no sooner. */
function isSoon({ Config }: ContainerInspectInfo): boolean {
  const intervalMs = (Config.Healthcheck?.Interval ?? 0) / nanoPerMs;
  return intervalMs > 0 && intervalMs <= soonMs;
}

function isDue({ running, last }: Asked, sinceMs: number): boolean {
  if (running) return false;
  if (!last || last.begunMs < sinceMs) return true;
  return last.failed !== null && Date.now() - last.endedMs >= againMs;
}

function newest(one: Word | null, other: Word | null): Word | null {
  if (!one || !other) return one ?? other;
  return one.begunMs > other.begunMs ? one : other;
}

function unwell({ State }: ContainerInspectInfo, word: Word | null): Unwell | null {
  if (!word) return { failed: 'its healthcheck has not answered yet', undecided: true };
  if (word.failed === null) return null;
  const shown = word.failed === '' ? '' : `: ${word.failed}`;
  if (State.Health?.Status === 'unhealthy')
    return { failed: `its healthcheck fails (${State.Health.FailingStreak} times in a row)${shown}` };
  return { failed: `its healthcheck has not passed yet${shown}`, undecided: true };
}

/** What the engine said last of a container that it does not call healthy, however long ago; null when it does. */
export function describeHealth(container: ContainerInspectInfo): string | null {
  if (!hasCheck(container) || container.State.Health?.Status === 'healthy') return null;
  return unwell(container, engineWord(container, -Infinity))?.failed ?? null;
}

/** What a check printed, as much of it as fits into a sentence. */
function saidIn(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, shownCharacters);
}
