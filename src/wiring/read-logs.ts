import { open, readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readLog, readReport } from '../runner/index.ts';
import { workKey } from '../runs/index.ts';
import { ContainerSource, type LogContainer } from './container-logs.ts';
import type { Layout } from './layout.ts';
import type { LogSource } from './log-source.ts';
import type { RunFlowData } from './run-data.ts';
import type { LogLine } from './views.ts';

/** Which lines are wanted. */
export interface LogQuery {
  /** At most so many old lines of each source; null for all. */
  lines: number | null;
  follow: boolean;
  signal: AbortSignal;
}

const lookMs = 150;
const chunkBytes = 1024 * 1024;

/** The logs of an environment's processes and containers. `process` narrows to a type of them, or to one copy. */
export async function* environmentLogs(
  {
    layout,
    app,
    environment,
    process,
    containers,
  }: {
    layout: Layout;
    app: string;
    environment: string;
    process: string | null;
    containers: () => Promise<LogContainer[]>;
  },
  query: LogQuery,
): AsyncGenerator<LogLine> {
  const directory = dirname(layout.app(app).log(environment, 'any'));
  const sources = new Map<string, LogSource>();
  const wanted = (instance: string) =>
    process === null ||
    instance === process ||
    instance.includes(`-${process}-`) ||
    instance.startsWith(`${process}-`);
  yield* follow(query, async () => {
    const names = (await readdir(directory).catch(() => []))
      .filter((name) => name.endsWith('.log'))
      .toSorted(byNumber);
    for (const name of names) {
      const instance = basename(name, '.log');
      if (!wanted(instance)) continue;
      if (!sources.has(name))
        sources.set(name, new FileSource(layout.app(app).log(environment, instance), instance));
    }
    for (const container of await containers()) {
      if (!wanted(container.instance) || sources.has(container.name)) continue;
      sources.set(container.name, new ContainerSource(container, query.follow ? query.signal : null));
    }
    return [...sources.values()];
  });
}

/** The logs of jobs; `job` narrows to one key or job id. `runs` is asked again while following. */
export async function* jobLogs(
  {
    layout,
    job,
    runs,
    ended,
    buildLog,
  }: {
    layout: Layout;
    job: string | null;
    runs: () => Promise<RunFlowData[]>;
    ended: () => Promise<boolean>;
    /** What making the images of its release said; null for an app without. */
    buildLog: string | null;
  },
  query: LogQuery,
): AsyncGenerator<LogLine> {
  const sources = new Map<string, LogSource>();
  yield* follow(
    query,
    async () => {
      if (buildLog !== null && (job === null || job === 'images') && !sources.has(buildLog))
        sources.set(buildLog, new FileSource(buildLog, 'images'));
      for (const { run } of await runs()) {
        for (const instance of Object.values(run.jobs)) {
          const { key, jobId, displayName } = instance;
          if (job !== null && job !== key && job !== jobId && job !== displayName) continue;
          const directory = layout.run(run.id).job(workKey(instance));
          if (!sources.has(directory)) sources.set(directory, new JobSource(directory, displayName));
        }
      }
      return [...sources.values()];
    },
    ended,
  );
}

async function* follow(
  { lines, follow: on, signal }: LogQuery,
  sources: () => Promise<LogSource[]>,
  ended: () => Promise<boolean> = () => Promise.resolve(false),
): AsyncGenerator<LogLine> {
  const seen = new Set<LogSource>();
  for (;;) {
    const last = !on || (await ended());
    for (const source of await sources()) {
      const old: LogLine[] = [];
      for (let more = await source.next(); more.length > 0; more = await source.next()) {
        if (seen.has(source)) yield* more;
        else old.push(...more);
      }
      if (!seen.has(source)) yield* lines === null ? old : lines === 0 ? [] : old.slice(-lines);
      seen.add(source);
    }
    if (last || signal.aborted) return;
    await sleep(lookMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
  }
}

/** A process's own output, line by line; a line that is still being written waits for its end. */
class FileSource implements LogSource {
  private readonly path: string;
  private readonly name: string;
  private position = 0;
  private rest = '';

  constructor(path: string, name: string) {
    this.path = path;
    this.name = name;
  }

  async next(): Promise<LogLine[]> {
    const file = await open(this.path, 'r').catch(() => null);
    if (!file) return [];
    try {
      const { size } = await file.stat();
      if (size < this.position) this.position = 0;
      const buffer = Buffer.alloc(Math.min(size - this.position, chunkBytes));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, this.position);
      this.position += bytesRead;
      const texts = (this.rest + buffer.toString('utf8', 0, bytesRead)).split('\n');
      this.rest = texts.pop() ?? '';
      return texts.map((text) => ({ source: this.name, atMs: null, text }));
    } finally {
      await file.close();
    }
  }
}

class JobSource implements LogSource {
  private readonly directory: string;
  private readonly name: string;
  private position = 0;

  constructor(directory: string, name: string) {
    this.directory = directory;
    this.name = name;
  }

  async next(): Promise<LogLine[]> {
    const { records, nextByte } = await readLog(this.directory, this.position);
    this.position = nextByte;
    if (records.length === 0) return [];
    const steps = (await readReport(this.directory).catch(() => null))?.steps ?? [];
    return records.map(({ at, step, text }) => {
      const name = steps.find(({ index }) => index === step)?.name;
      return { source: name === undefined ? this.name : `${this.name} / ${name}`, atMs: at, text };
    });
  }
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
