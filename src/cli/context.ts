import type { Repository, WorkTree } from '../source/index.ts';
import type { ServerClient, ServerPlace, StartRequest } from '../server/index.ts';
import type { LocalPlan, LocalRequest, LocalView, RunControls } from '../local/index.ts';
import type { HealthView, RouterWish } from '../wiring/index.ts';
import { lookOf, print, type Terminal } from './terminal.ts';

/** Flags that every command knows. */
export interface CommonOptions {
  json?: boolean;
  /** False with `--no-color`. */
  color?: boolean;
  home?: string;
  host?: string;
  /** Of a command that takes several words. */
  words?: string[];
}

/** The world of a command: nothing in commands/ reaches for the process itself. */
export interface CliContext {
  cwd: string;
  env: NodeJS.ProcessEnv;
  uid: number;
  /** The user's name for this machine. */
  user: string;
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  out: Terminal;
  err: Terminal;
  nowMs(): number;
  /** Calls back at Ctrl-C or a friendly kill; returns how to stop listening. */
  onInterrupt(callback: () => void): () => void;
  connect(place: ServerPlace): Promise<ServerClient>;
  defaultHome(): string;
  /** Without an address: that of the last start, else the first free one. */
  startServer(
    request: Omit<StartRequest, 'listen'> & { listen: string | null },
  ): Promise<{ health: HealthView; started: boolean }>;
  /** Remembers how users' requests are taken from the next start on. */
  chooseRouter(home: string, wish: RouterWish): Promise<void>;
  /** Runs a server in this process until it is told to end. */
  runServer(request: StartRequest): Promise<void>;
  /** Gives what went wrong without keeping anything from ending, as sentences. */
  stopServer(request: { home: string; all: boolean }): Promise<string[]>;
  openRepository(): Promise<Repository>;
  machineEnvironment(extra: Record<string, string>): Promise<Record<string, string>>;
  readWorkTree(): Promise<WorkTree>;
  planLocally(request: LocalRequest, reading?: Promise<WorkTree>): Promise<LocalPlan>;
  affectedBy(request: LocalRequest, saved: readonly string[]): Promise<string[]>;
  /** Ends this process at once. */
  exitNow(code: number): void;
  runLocally(plan: LocalPlan, request: LocalRequest, controls: RunControls): Promise<LocalView>;
}

/** Where the server is that the flags, or else the environment, name. */
export async function placeOf(context: CliContext, { home, host }: CommonOptions): Promise<ServerPlace> {
  const remote = host ?? (home === undefined ? context.env.SLIPWAY_HOST : undefined);
  if (remote) return { host: remote, home };
  return { home: home ?? context.defaultHome() };
}

/** A client for the server that the flags name, closed when the work is done. */
export async function withServer<T>(
  context: CliContext,
  options: CommonOptions,
  work: (client: ServerClient) => Promise<T>,
): Promise<T> {
  const client = await context.connect(await placeOf(context, options));
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

/** Prints a page, or with `--json` the data behind it: one object a line. */
export function show(
  context: CliContext,
  options: CommonOptions,
  data: object,
  page: () => readonly string[],
): void {
  if (!options.json) {
    print(context.out, page());
    return;
  }
  const objects: readonly unknown[] = Array.isArray(data) ? data : [data];
  print(
    context.out,
    objects.map((one) => JSON.stringify(one)),
  );
}

/** How lines on the standard output may look. */
export function outLook(context: CliContext) {
  return lookOf(context.out);
}
