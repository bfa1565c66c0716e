import { createServer, type Server, type ServerResponse } from 'node:http';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectServer, ServerRefusal } from './client.ts';

let home: string;
let server: Server | undefined;
let seen: { call: string; body: string; type: string | undefined }[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'slipway-client-'));
  seen = [];
});

afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await rm(home, { recursive: true, force: true });
});

async function serve(answer: (response: ServerResponse) => void): Promise<void> {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('latin1');
      seen.push({ call: `${request.method} ${request.url}`, body, type: request.headers['content-type'] });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => {
    server?.listen(join(home, 'server.sock'), resolve);
  });
}

/** Stands in for ssh: notes how it was called, then is the wire to the socket. */
async function fakeSsh(script: string): Promise<string> {
  const file = join(home, 'ssh');
  await writeFile(file, `#!${process.execPath}\n${script}`);
  await chmod(file, 0o755);
  return file;
}

const dialler = () => `
  const fs = require('node:fs');
  fs.appendFileSync(${JSON.stringify(join(home, 'ssh.log'))}, JSON.stringify(process.argv.slice(2)) + '\\n');
  const socket = require('node:net').connect(${JSON.stringify(join(home, 'server.sock'))});
  process.stdin.pipe(socket).pipe(process.stdout);
`;

test('calls carry their words in paths, queries and bodies', async () => {
  await serve((response) => response.end(JSON.stringify({ ship: 'ship-1', commits: ['c1'], version: 3 })));
  const client = connectServer({ home });
  expect(await client.heads('my app')).toEqual(['c1']);
  const wish = { app: 'a', commit: 'c', ref: 'refs/heads/main', actor: 'ana', defaultBranch: 'main' };
  expect(await client.ship(wish)).toMatchObject({ ship: 'ship-1' });
  await client.history({ app: 'a', environment: undefined, limit: 5 });
  await client.audit();
  expect(seen.map(({ call, body }) => `${call} ${body}`.trim())).toEqual([
    'GET /v1/apps/my%20app/heads',
    `POST /v1/ships ${JSON.stringify(wish)}`,
    'GET /v1/history?app=a&limit=5',
    'POST /v1/audit {}',
  ]);
});

test('a bundle is sent as it lies on disk', async () => {
  await serve((response) => response.writeHead(204).end());
  const bundleFile = join(home, 'bundle');
  await writeFile(bundleFile, Buffer.alloc(300_000, 7));
  await connectServer({ home }).putCommit({ app: 'a', sha: 'c', ref: 'refs/heads/main', bundleFile });
  expect(seen[0]).toMatchObject({
    call: 'PUT /v1/apps/a/commits/c?ref=refs%2Fheads%2Fmain',
    type: 'application/octet-stream',
  });
  expect(seen[0]?.body.length).toBe(300_000);
});

test('a refusal brings its findings with the texts that they point into', async () => {
  const finding = { code: 'app/no-procfile', severity: 'error', message: 'there is no Procfile', notes: [] };
  const body = { findings: [finding], sources: { 'slipway.yml': 'name: x' } };
  await serve((response) => response.writeHead(422).end(JSON.stringify(body)));
  const error = await connectServer({ home })
    .status()
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ServerRefusal);
  expect(error).toMatchObject({ code: 'server/refused', status: 422, findings: [finding] });
  expect((error as ServerRefusal).sources.get('slipway.yml')).toBe('name: x');
});

test('a mistake of the server itself says where to look', async () => {
  await serve((response) => response.writeHead(500).end('no JSON at all'));
  await expect(connectServer({ home }).status()).rejects.toMatchObject({
    code: 'server/failed',
    message: 'the server answered 500: no JSON at all',
  });
});

test('without a server, the home and the way to start one are named', async () => {
  await expect(connectServer({ home }).health()).rejects.toMatchObject({
    code: 'server/unreachable',
    message: `no server runs for ${home}`,
    help: expect.stringContaining('slipway up') as string,
  });
});

test('a stream gives its lines one by one, wherever the network cuts them', async () => {
  await serve((response) => {
    response.write('{"id":"a"}\n{"i');
    setImmediate(() => response.end('d":"b"}\n\n{"id":"c"}'));
  });
  const ids: string[] = [];
  for await (const { id } of connectServer({ home }).watchShip('s')) ids.push(id);
  expect(ids).toEqual(['a', 'b', 'c']);
});

test('a stream that is no longer wanted ends quietly, and one that breaks does not', async () => {
  await serve((response) => response.write('{"id":"a"}\n'));
  const stop = new AbortController();
  const ids: string[] = [];
  for await (const { id } of connectServer({ home }).watchShip('s', stop.signal)) {
    ids.push(id);
    stop.abort();
  }
  expect(ids).toEqual(['a']);
  const broken = async () => {
    for await (const _ of connectServer({ home }).watchShip('s')) server?.closeAllConnections();
  };
  await expect(broken()).rejects.toMatchObject({ code: 'server/unreachable' });
});

test('another machine is reached through one ssh that serves call after call', async () => {
  await serve((response) => response.end('{"commits":[]}'));
  const ssh = await fakeSsh(dialler());
  const client = connectServer({ host: 'ana@vps', home: "/srv/it's" }, { ssh });
  await client.heads('a');
  await client.heads('b');
  client.close();
  expect(seen.map(({ call }) => call)).toEqual(['GET /v1/apps/a/heads', 'GET /v1/apps/b/heads']);
  const calls = (await readFile(join(home, 'ssh.log'), 'utf8')).trim().split('\n');
  expect(calls.map((line) => JSON.parse(line) as unknown)).toEqual([
    ['-o', 'BatchMode=no', '-T', '--', 'ana@vps', expect.stringMatching(/^sh -c '/)],
  ]);
});

test('calls at the same time each have an ssh of their own, and the spare one ends quietly', async () => {
  await serve((response) => response.end('{"commits":[]}'));
  const client = connectServer({ host: 'vps' }, { ssh: await fakeSsh(dialler()) });
  await Promise.all([client.heads('a'), client.heads('b'), client.heads('c')]);
  await client.heads('d');
  client.close();
  expect((await readFile(join(home, 'ssh.log'), 'utf8')).trim().split('\n')).toHaveLength(3);
});

test('the other machine is told what to run in one word for any shell, with the folder of users in PATH', async () => {
  const ssh = await fakeSsh(`
    const { spawnSync } = require('node:child_process');
    spawnSync('/bin/sh', ['-c', process.argv.at(-1)], { stdio: 'inherit', env: { PATH: '/usr/bin:/bin', HOME: '/home/ana' } });
  `);
  const remoteCommand = `sh -c 'printf "<%s>" "$PATH" "$@" >&2; exit 1' --`;
  const call = connectServer({ host: 'ana@vps', home: "/srv/it's" }, { ssh, remoteCommand }).health();
  await expect(call).rejects.toMatchObject({
    notes: ["</usr/bin:/bin:/home/ana/.local/bin><dial><--home></srv/it's>"],
  });
});

test('a machine that does not know the command is told how it could', async () => {
  const ssh = await fakeSsh(`console.error('sh: 1: exec: slipway: not found'); process.exit(127);`);
  await expect(connectServer({ host: 'ana@vps' }, { ssh }).health()).rejects.toMatchObject({
    notes: ['sh: 1: exec: slipway: not found'],
    help: expect.stringContaining('"slipway install" makes the command known') as string,
  });
});

test('a server without its database is to be asked again, like one that is away', async () => {
  const finding = { code: 'store/unreachable', severity: 'error', message: 'cannot open it', notes: ['why'] };
  await serve((response) =>
    response.writeHead(503).end(JSON.stringify({ findings: [finding], sources: {} })),
  );
  await expect(connectServer({ home }).status()).rejects.toMatchObject({
    code: 'server/unreachable',
    message: 'cannot open it',
    notes: ['why'],
  });
});

test('what ssh says is what the user is told', async () => {
  const ssh = await fakeSsh(`console.error('ana@vps: Permission denied (publickey).'); process.exit(255);`);
  await expect(connectServer({ host: 'ana@vps' }, { ssh }).health()).rejects.toMatchObject({
    code: 'server/unreachable',
    message: 'the server on ana@vps cannot be reached',
    notes: ['ana@vps: Permission denied (publickey).'],
  });
  await expect(
    connectServer({ host: 'ana@vps' }, { ssh: join(home, 'none') }).health(),
  ).rejects.toMatchObject({
    code: 'server/unreachable',
    notes: [expect.stringContaining('ENOENT') as string],
  });
});

test('a host that ssh would take as an option is refused', () => {
  expect(() => connectServer({ host: '-oProxyCommand=evil' })).toThrow('is not a machine that ssh can reach');
});
