import type { ContainerCreateOptions, ContainerInfo, ContainerInspectInfo } from 'dockerode';
import { CodedError } from '../diagnostics/index.ts';
import type { EngineCalls } from './call.ts';
import { readFrames } from './frames.ts';
import { labelFilter, type LabelFilter } from './labels.ts';
import { linesAfter } from './log-lines.ts';
import { useOf, type ContainerUse, type RawUse } from './use.ts';

/** A command inside a container that runs. */
export interface ExecRequest {
  command: string[];
  user?: string | null;
  privileged?: boolean;
  workingDir?: string | null;
  environment?: Record<string, string>;
  timeoutMs: number;
  /** Takes what it prints, as it comes. */
  onOutput?: (text: Buffer) => void;
}

/** Containers of an engine. Names and ids are taken alike. */
export interface Containers {
  list(labels: LabelFilter): Promise<ContainerInfo[]>;
  /** Null when there is none of that name. */
  inspect(name: string): Promise<ContainerInspectInfo | null>;
  /** Returns the id. Throws `docker/conflict` when the name is taken. */
  create(name: string, options: ContainerCreateOptions, platform?: string | null): Promise<string>;
  /** Does nothing for one that runs. */
  start(name: string): Promise<void>;
  /** Signal, grace, SIGKILL; returns when it has ended. Does nothing for one that has ended or is gone. */
  stop(name: string, graceMs: number): Promise<void>;
  kill(name: string, signal: string): Promise<void>;
  unpause(name: string): Promise<void>;
  /** Changes limits and the restart policy of one that runs. */
  update(name: string, settings: Record<string, unknown>): Promise<void>;
  /** Ends it by force and removes it with its anonymous volumes; done when it is gone. Nothing when there is none. */
  remove(name: string): Promise<void>;
  /** Waits for its end, however long that takes; returns its exit code. */
  wait(name: string, signal?: AbortSignal): Promise<number>;
  /** Returns the exit code. */
  exec(name: string, request: ExecRequest): Promise<number>;
  /** Last lines of both streams. */
  logTail(name: string, lines: number): Promise<string[]>;
  /**
   * Lines of both streams after a moment, oldest first, each with the engine's time of it (`2026-01-02T03:04:05.000000000Z`,
   * in the order of texts). Null for the moment: the last line alone; empty: from the beginning.
   */
  linesAfter(name: string, after: string | null): AsyncGenerator<{ at: string; text: string }>;
  /** What one that runs uses now. */
  use(name: string): Promise<ContainerUse>;
  /** Both streams from the beginning and on, until it ends or the signal comes. */
  followLogs(name: string, signal?: AbortSignal): Promise<AsyncIterable<Buffer>>;
  /** Unpacks an archive into the root of a container, which need not run. */
  putArchive(name: string, tar: Buffer): Promise<void>;
}

const slowMs = 120_000;
const longestLineBytes = 256 * 1024;

/** Containers over the calls of an engine. */
export function containersOf(calls: EngineCalls): Containers {
  const { ask } = calls;
  const at = (name: string, verb = '') => `/containers/${encodeURIComponent(name)}${verb}`;
  const inspect = (name: string) =>
    orNull(
      ask<ContainerInspectInfo>({
        asked: `inspect the container ${name}`,
        method: 'GET',
        path: at(name, '/json'),
      }),
    );
  const post = async (
    asked: string,
    path: string,
    more: { query?: object; body?: unknown; timeoutMs?: number } = {},
  ) =>
    void (await ask({
      asked,
      method: 'POST',
      path,
      ...(more as object),
      timeoutMs: more.timeoutMs ?? slowMs,
    }));

  return {
    list: (labels) =>
      ask({
        asked: 'list containers',
        method: 'GET',
        path: '/containers/json',
        query: { all: true, filters: labelFilter(labels) },
      }),
    inspect,
    create: async (name, options, platform = null) => {
      const { Id } = await ask<{ Id: string }>({
        asked: `create the container ${name}`,
        method: 'POST',
        path: '/containers/create',
        query: { name, platform: platform ?? undefined },
        body: options,
        timeoutMs: slowMs,
      });
      return Id;
    },
    start: (name) => post(`start the container ${name}`, at(name, '/start')),
    stop: async (name, graceMs) => {
      const seconds = Math.ceil(graceMs / 1000);
      const query = { t: String(seconds) };
      await orNull(
        post(`stop the container ${name}`, at(name, '/stop'), { query, timeoutMs: graceMs + slowMs }),
      );
    },
    kill: (name, signal) => post(`kill the container ${name}`, at(name, '/kill'), { query: { signal } }),
    unpause: (name) => post(`unpause the container ${name}`, at(name, '/unpause')),
    update: (name, body) => post(`update the container ${name}`, at(name, '/update'), { body }),
    remove: (name) => removeContainer(calls, name, at(name)),
    wait: async (name, signal) => {
      const { StatusCode } = await ask<{ StatusCode: number }>({
        asked: `wait for the container ${name}`,
        method: 'POST',
        path: at(name, '/wait'),
        timeoutMs: longestWaitMs,
        ...(signal ? { signal } : {}),
      });
      return StatusCode;
    },
    exec: (name, request) => exec(calls, name, request),
    logTail: (name, lines) => logTail(calls, name, lines),
    linesAfter: (name, after) => linesAfter(calls, name, after),
    use: async (name) =>
      useOf(
        await ask<RawUse>({
          asked: `measure the container ${name}`,
          method: 'GET',
          path: at(name, '/stats'),
          query: { stream: false, 'one-shot': true },
        }),
      ),
    followLogs: async (name, signal) => {
      const details = await inspect(name);
      const stream = await calls.stream({
        asked: `read the log of the container ${name}`,
        method: 'GET',
        path: at(name, '/logs'),
        query: { follow: true, stdout: true, stderr: true },
        ...(signal ? { signal } : {}),
      });
      return readFrames(stream as AsyncIterable<Buffer>, details?.Config.Tty ?? false);
    },
    putArchive: async (name, tar) =>
      void (await ask({
        asked: `write files into the container ${name}`,
        method: 'PUT',
        path: at(name, '/archive'),
        query: { path: '/' },
        file: tar,
      })),
  };
}

/** The longest that a timer can wait: 24 days. */
const longestWaitMs = 2 ** 31 - 1;
const lookEveryMs = 100;

/** Null in place of `docker/not-found`. */
export async function orNull<T>(asking: Promise<T>): Promise<T | null> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof CodedError && error.code === 'docker/not-found') return null;
    throw error;
  }
}

async function removeContainer({ ask }: EngineCalls, name: string, path: string): Promise<void> {
  const asked = `remove the container ${name}`;
  for (;;) {
    try {
      await orNull(
        ask({ asked, method: 'DELETE', path, query: { force: true, v: true }, timeoutMs: slowMs }),
      );
      return;
    } catch (error) {
      const underWay = error instanceof CodedError && /already in progress/.test(error.message);
      if (!underWay) throw error;
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }
}

async function exec(calls: EngineCalls, name: string, request: ExecRequest): Promise<number> {
  const { command, user, privileged = false, workingDir, environment = {}, timeoutMs, onOutput } = request;
  const asked = `run a command in the container ${name}`;
  const { Id: id } = await calls.ask<{ Id: string }>({
    asked,
    method: 'POST',
    path: `/containers/${encodeURIComponent(name)}/exec`,
    body: {
      Cmd: command,
      AttachStdout: true,
      AttachStderr: true,
      Privileged: privileged,
      Env: Object.entries(environment).map(([key, value]) => `${key}=${value}`),
      ...(user ? { User: user } : {}),
      ...(workingDir ? { WorkingDir: workingDir } : {}),
    },
  });
  const late = AbortSignal.timeout(timeoutMs);
  const stream = await calls.stream({
    asked,
    method: 'POST',
    path: `/exec/${id}/start`,
    body: { Detach: false, Tty: false },
    signal: late,
  });
  late.addEventListener('abort', () => (stream as unknown as { destroy(): void }).destroy());
  try {
    for await (const text of readFrames(stream as AsyncIterable<Buffer>, false)) onOutput?.(text);
  } catch (error) {
    if (!late.aborted) throw error;
  }
  if (late.aborted) {
    const message = `a command in the container ${name} has not ended within ${timeoutMs / 1000} s`;
    throw new CodedError('docker/not-answering', message, { notes: [command.join(' ')] });
  }
  const { ExitCode } = await calls.ask<{ ExitCode: number | null }>({
    asked,
    method: 'GET',
    path: `/exec/${id}/json`,
  });
  return ExitCode ?? -1;
}

async function logTail(calls: EngineCalls, name: string, lines: number): Promise<string[]> {
  const path = `/containers/${encodeURIComponent(name)}`;
  const asked = `read the log of the container ${name}`;
  const details = await calls.ask<ContainerInspectInfo>({ asked, method: 'GET', path: `${path}/json` });
  const stream = await calls.stream({
    asked,
    method: 'GET',
    path: `${path}/logs`,
    query: { stdout: true, stderr: true, tail: String(lines) },
  });
  const parts: Buffer[] = [];
  for await (const part of readFrames(stream as AsyncIterable<Buffer>, details.Config.Tty)) {
    parts.push(part.subarray(-longestLineBytes));
  }
  const text = Buffer.concat(parts).toString('utf8');
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .slice(-lines);
}
