import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { endContainers } from './end-containers.ts';
import { layoutOf } from './layout.ts';

interface Present {
  stopTimeout?: number;
  labels?: Record<string, string>;
  /** Of every command inside. */
  exitCode?: number;
}

let home: string;
/** What the engine was asked to do, in order. */
let asked: string[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sw-end-'));
  asked = [];
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
});

/** Ends a home on an engine with these containers. */
async function end(present: Record<string, Present>): Promise<string[]> {
  mkdirSync(join(home, 'apps', 'shop', 'containers'), { recursive: true });
  const server = createServer((request, response) => {
    void answerOf(request, present).then((answer) => {
      response.writeHead(answer === null ? 404 : 200, { 'content-type': 'application/json' });
      response.end(answer === '' ? '' : JSON.stringify(answer));
    });
  });
  await new Promise<void>((listening) => server.listen(join(home, 'docker.sock'), listening));
  onTestFinished(() => void server.close());
  return endContainers(layoutOf(home), `unix://${join(home, 'docker.sock')}`);
}

async function answerOf(request: IncomingMessage, present: Record<string, Present>): Promise<unknown> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://engine');
  const [, kind, id = '', verb] = /\/(containers|exec)\/(\w+)(?:\/(\w+))?$/.exec(pathname) ?? [];
  if (pathname.endsWith('/containers/json'))
    return Object.entries(present).map(([Id, { labels = {} }]) => ({ Id, Labels: labels, State: 'running' }));
  if (pathname.endsWith('/networks')) return [];
  if (kind === 'exec') return verb === 'start' ? '' : { ExitCode: present[id]?.exitCode ?? 0 };
  if (verb === 'exec') {
    const { Cmd, User, Env } = (await json(request)) as { Cmd: string[]; User?: string; Env: string[] };
    asked.push(['exec', id, ...Cmd, User, ...Env].filter(Boolean).join(' '));
    return { Id: id };
  }
  if (asked.includes(`DELETE ${id}`)) return null;
  if (request.method !== 'GET') asked.push(verb ? `${verb} ${id} ${searchParams.get('t')}` : `DELETE ${id}`);
  const StopTimeout = present[id]?.stopTimeout;
  return { Id: id, ApiVersion: '1.47', Version: '28.0.0', Config: { StopTimeout }, State: { Running: true } };
}

test('each container has the time to end that its service asks for, and never less than half a minute', async () => {
  await end({ web: { stopTimeout: 5 }, db: { stopTimeout: 120 }, old: {} });
  expect(asked.filter((one) => one.startsWith('stop')).toSorted()).toEqual([
    'stop db 120',
    'stop old 30',
    'stop web 30',
  ]);
});

test('pre_stop hooks run first, and one that fails is told and holds nothing up', async () => {
  const folder = join(home, 'apps', 'shop', 'containers', 'production');
  mkdirSync(folder, { recursive: true });
  const hook = { user: 'root', privileged: false, workingDir: null, environment: { TO: 'disk' } };
  const at = { file: 'compose.yml', start: { line: 7 } };
  const keep = (id: string, ...lines: string[]) => {
    const hooks = lines.map((line) => ({ ...hook, command: ['sh', '-c', line], at }));
    writeFileSync(join(folder, `hooks-${id}.json`), JSON.stringify(hooks));
  };
  keep('r1-web-1', 'flush', 'never');
  keep('shared-db-1', 'checkpoint');
  const labels = (instance: string, revision: string) => ({
    'slipway.scope': 'shop/production',
    'slipway.instance': instance,
    'slipway.revision': revision,
  });
  const warnings = await end({
    db: { labels: labels('shared-db-1', 'shared') },
    web: { labels: labels('r1-web-1', 'r1'), exitCode: 3 },
  });
  expect(warnings).toEqual([
    'r1-web-1 of shop/production has ended, but the hook in compose.yml:7 ended with exit code 3',
  ]);
  expect(asked).toEqual([
    'exec web sh -c flush root TO=disk',
    'stop web 30',
    'DELETE web',
    'exec db sh -c checkpoint root TO=disk',
    'stop db 30',
    'DELETE db',
  ]);
  expect(existsSync(join(folder, 'hooks-r1-web-1.json'))).toBe(false);
});
