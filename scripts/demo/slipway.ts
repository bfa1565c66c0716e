import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The command's file, which any Node from 20 on runs. */
export const slipwayCommand = fileURLToPath(new URL('../../bin/slipway.js', import.meta.url));

/** How a command of Slipway ended. */
export interface Ended<View> {
  exitCode: number;
  /** The last line that it printed. */
  last: View | null;
  stderr: string;
}

export interface Calling<View> {
  args: readonly string[];
  onView?: (view: View) => void;
  /** What it reads from its standard input. */
  input?: string;
  /** Commands that start or stop something are waited for even when the user wants to leave. */
  toTheEnd?: boolean;
}

/** Slipway as everybody has it: the command, with `--json`. */
export interface Slipway {
  call<View>(calling: Calling<View>): Promise<Ended<View>>;
  /** Calls, and takes anything but success for the end of the demo. */
  demand<View>(args: readonly string[], toTheEnd?: boolean): Promise<View>;
}

/**
 * @param place.signal - Aborted when the user wants to leave: what only watches is ended then, and `call` throws.
 */
export function createSlipway(place: { cwd: string; env: NodeJS.ProcessEnv; signal: AbortSignal }): Slipway {
  async function call<View>({
    args,
    onView,
    input = '',
    toTheEnd = false,
  }: Calling<View>): Promise<Ended<View>> {
    if (!toTheEnd) place.signal.throwIfAborted();
    // A group of its own: Ctrl-C is for the demo, which ends its commands in order.
    const child = spawn(process.execPath, [slipwayCommand, ...args, '--json'], {
      cwd: place.cwd,
      env: place.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const leave = () => void child.kill('SIGTERM');
    if (!toTheEnd) place.signal.addEventListener('abort', leave);
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
    let last: View | null = null;
    let unreadable = '';
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      try {
        last = JSON.parse(line) as View;
      } catch {
        unreadable ||= `not a line of JSON: ${line}\n`;
        return;
      }
      if (!place.signal.aborted) onView?.(last);
    });
    const exitCode = await end(child);
    place.signal.removeEventListener('abort', leave);
    if (!toTheEnd) place.signal.throwIfAborted();
    return { exitCode, last, stderr: unreadable + stderr };
  }
  return {
    call,
    demand: async <View>(args: readonly string[], toTheEnd = false) => {
      const { exitCode, last, stderr } = await call<View>({ args, toTheEnd });
      if (exitCode !== 0 || last === null)
        throw new Error(`slipway ${args.join(' ')} ended with ${exitCode}\n${stderr}${JSON.stringify(last)}`);
      return last;
    },
  };
}

function end(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
