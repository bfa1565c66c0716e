import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage, request } from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { temporaryFolder } from './rig.ts';

type Line = Record<string, unknown>;

/** Starts one of the app's processes; `line` waits for a message of its log. */
function start(t: TestContext, name: string, dataFolder: string) {
  const file = path.join(import.meta.dirname, '../src', `${name}.ts`);
  const deployed = { PORT: '0', DATA_DIR: dataFolder, POSTER_STORE: dataFolder };
  const env = { ...process.env, ...deployed, SLIPWAY_REVISION: 'r3' };
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (message: string): Promise<Line> => {
    for (;;) {
      const next = await lines.next();
      assert.ok(!next.done, `${name} ended without "${message}"`);
      const parsed = JSON.parse(next.value) as Line;
      if (parsed['message'] === message) return parsed;
    }
  };
  return { child, line };
}

function drain(response: IncomingMessage): void {
  response.resume();
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

describe('the processes', () => {
  it('migrate, serve, work, and end with 0 on SIGTERM', async (t) => {
    const folder = temporaryFolder(t);
    assert.equal(await exitCode(start(t, 'migrate', folder).child), 0);
    const [web, worker] = [start(t, 'server', folder), start(t, 'worker', folder)];
    const { port } = await web.line('listening');
    await web.line('ready');
    await worker.line('worker started');

    // A connection that a proxy keeps open must not hold the process up.
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    const [response] = await once(get({ port: Number(port), path: '/ready', agent }), 'response');
    assert.equal(response.statusCode, 200);
    response.resume();
    await once(response, 'end');

    // A request that is on its way when we are told to stop is still answered.
    const body = JSON.stringify({ title: 'Stalker', kind: 'film' });
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const slow = request({
      port: Number(port),
      path: '/api/media',
      method: 'POST',
      headers,
      agent,
    });
    const answered = once(slow, 'response');
    slow.write(body.slice(0, 5));
    await once(slow, 'socket');
    await once(get({ port: Number(port), path: '/health' }).on('response', drain), 'close');

    for (const { child } of [web, worker]) child.kill('SIGTERM');
    await web.line('stopping');
    slow.end(body.slice(5));
    const [last] = await answered;
    assert.equal(last.statusCode, 201);
    assert.equal(last.headers.connection, 'close');
    last.resume();
    assert.equal(await exitCode(web.child), 0);
    assert.equal(await exitCode(worker.child), 0);
  });
});
