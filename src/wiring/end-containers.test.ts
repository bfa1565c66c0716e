import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { endContainers } from './end-containers.ts';
import { layoutOf } from './layout.ts';

/** An engine with one container of each stop timeout; tells what it was asked to do to them. */
async function engineWith(folder: string, stopTimeouts: Record<string, number | null>): Promise<string[]> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://engine');
    const [, id = '', verb] = /\/containers\/(\w+)(?:\/(\w+))?$/.exec(pathname) ?? [];
    const isThere = !asked.includes(`DELETE ${id}`);
    if (request.method !== 'GET')
      asked.push(verb ? `${verb} ${id} ${searchParams.get('t')}` : `DELETE ${id}`);
    const answer = pathname.endsWith('/containers/json')
      ? Object.keys(stopTimeouts).map((Id) => ({ Id, Labels: {} }))
      : pathname.endsWith('/networks')
        ? []
        : {
            Id: id,
            ApiVersion: '1.47',
            Version: '28.0.0',
            Config: { StopTimeout: stopTimeouts[id] ?? undefined },
          };
    response.writeHead(isThere ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((listening) => server.listen(join(folder, 'docker.sock'), listening));
  onTestFinished(() => void server.close());
  return asked;
}

test('each container has the time to end that its service asks for, and never less than half a minute', async () => {
  const home = mkdtempSync(join(tmpdir(), 'sw-end-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, 'apps', 'shop', 'containers'), { recursive: true });
  const asked = await engineWith(home, { web: 5, db: 120, old: null });
  await endContainers(layoutOf(home), `unix://${join(home, 'docker.sock')}`);
  expect(asked.filter((one) => one.startsWith('stop')).toSorted()).toEqual([
    'stop db 120',
    'stop old 30',
    'stop web 30',
  ]);
});
