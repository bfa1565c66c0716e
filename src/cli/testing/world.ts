import { Readable } from 'node:stream';
import { CodedError } from '../../diagnostics/index.ts';
import { connectServer } from '../../server/index.ts';
import { runCli } from '../cli.ts';
import type { CliContext } from '../context.ts';
import { aHealth, startMs } from './views.ts';

/** What a command printed, and how it ended. */
export interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** Runs the command line in a world that tests make. `home` is where the server is looked for. */
export async function runInWorld(
  words: string[],
  home: string,
  over: Partial<CliContext> = {},
): Promise<Outcome> {
  const outcome: Outcome = { code: -1, out: '', err: '' };
  const terminal = (stream: 'out' | 'err') => ({
    write: (text: string) => void (outcome[stream] += text),
    live: false,
    color: false,
    columns: () => 120,
    rows: () => 40,
  });
  const context: CliContext = {
    cwd: home,
    env: {},
    uid: 1000,
    user: 'ana',
    stdin: Readable.from([]) as NodeJS.ReadStream,
    stdout: process.stdout,
    out: terminal('out'),
    err: terminal('err'),
    nowMs: () => startMs + 20_000,
    onInterrupt: () => () => {},
    connect: (place) => Promise.resolve(connectServer(place)),
    defaultHome: () => home,
    startServer: () => Promise.resolve({ health: aHealth(), started: true }),
    chooseRouter: () => Promise.resolve(),
    runServer: () => Promise.resolve(),
    stopServer: () => Promise.resolve([]),
    openRepository: () =>
      Promise.reject(new CodedError('source/not-a-repository', `${home} is not in a git repository`)),
    machineEnvironment: (extra) => Promise.resolve({ PATH: '/usr/bin', ...extra }),
    readWorkTree: () => Promise.reject(new Error('this test runs no workflow')),
    planLocally: () => Promise.reject(new Error('this test runs no workflow')),
    affectedBy: () => Promise.reject(new Error('this test runs no workflow')),
    exitNow: () => {},
    runLocally: () => Promise.reject(new Error('this test runs no workflow')),
    ...over,
  };
  outcome.code = await runCli({ words, version: '0.1.0', contextFor: () => context });
  return outcome;
}
