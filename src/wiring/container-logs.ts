import type { Engine } from '../docker/index.ts';
import type { Docker } from './docker.ts';
import type { LogSource } from './log-source.ts';
import type { LogLine } from './views.ts';

/** A container whose words are wanted. */
export interface LogContainer {
  /** `r7-web-1` */
  instance: string;
  engine: Engine;
  /** Name or id on the engine. */
  name: string;
}

/** Of a container that has said more, the newest lines. */
const mostOldLines = 10_000;

/** The containers of an environment on this machine's engine, whichever server they are for. */
export async function containersOn(
  scope: string,
  { engine, homeId }: Pick<Docker, 'engine' | 'homeId'>,
): Promise<LogContainer[]> {
  const found = await engine.containers.list({ 'slipway.home': homeId, 'slipway.scope': scope });
  return found.flatMap(({ Id: name, Labels: labels }) => {
    const instance = labels['slipway.instance'];
    return instance === undefined ? [] : [{ instance, engine, name }];
  });
}

/** The lines of a container: those that the engine has kept, then those that come. */
export class ContainerSource implements LogSource {
  private readonly container: LogContainer;
  private readonly signal: AbortSignal | null;
  private begun = false;
  private fresh: string[] = [];
  /** Lines that the stream tells once more. */
  private known = 0;

  /** @param signal - Ends the following; null reads what is there alone. */
  constructor(container: LogContainer, signal: AbortSignal | null) {
    this.container = container;
    this.signal = signal;
  }

  async next(): Promise<LogLine[]> {
    const { engine, name, instance } = this.container;
    const line = (text: string): LogLine => ({ source: instance, atMs: null, text });
    if (this.begun) return this.fresh.splice(0).map(line);
    this.begun = true;
    const old = await engine.containers.logTail(name, mostOldLines).catch(() => []);
    this.known = old.length;
    if (this.signal) void this.listen(this.signal).catch(() => {});
    return old.map(line);
  }

  private async listen(signal: AbortSignal): Promise<void> {
    const { engine, name } = this.container;
    let rest = '';
    for await (const chunk of await engine.containers.followLogs(name, signal)) {
      const lines = (rest + chunk.toString('utf8')).split(/\r?\n/);
      rest = lines.pop() ?? '';
      for (const text of lines.filter((one) => one !== '')) {
        if (this.known > 0) this.known--;
        else this.fresh.push(text);
      }
    }
  }
}
