import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

interface Settings {
  cwd: string;
  env: Record<string, string | undefined>;
}

/** Runs a command to its end; gives what it printed. @throws Error with that when it fails. */
export function runCommand([program = '', ...words]: readonly string[], settings: Settings): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(program, words, { ...settings, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once('error', fail);
    child.once('close', (code) => {
      if (code === 0) done(said);
      else fail(new Error(`${program} ${words.join(' ')} ended with ${code}:\n${said.slice(-2000)}`));
    });
  });
}

/** A port of this machine that nobody listens on just now; with `count`, the first of so many in a row. */
export async function freePort(count = 1): Promise<number> {
  for (;;) {
    const first = await listenOnce(0);
    const others = Array.from({ length: count - 1 }, (_, index) => listenOnce(first + index + 1));
    if ((await Promise.allSettled(others)).every(({ status }) => status === 'fulfilled')) return first;
  }
}

function listenOnce(port: number): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail);
    server.listen(port, '127.0.0.1', () => {
      const { port: given } = server.address() as AddressInfo;
      server.close(() => done(given));
    });
  });
}

/** Waits until users are answered by a version. */
export async function answersAs(port: number, version: number): Promise<void> {
  await until(`version ${version} at port ${port}`, async () => {
    const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => null);
    await response?.text();
    return response?.headers.get('x-version') === String(version);
  });
}

/** Asks again and again, for three minutes. @throws Error that names what did not come. */
export async function until(what: string, isSo: () => Promise<boolean>, everyMs = 50): Promise<void> {
  for (const deadline = performance.now() + 180_000; !(await isSo()); await sleep(everyMs))
    if (performance.now() > deadline) throw new Error(`waited three minutes for ${what}`);
}
