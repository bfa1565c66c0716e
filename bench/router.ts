/*
 * Embedded router, nginx and HAProxy side by side, the latter two plain and as Slipway drives them: each alone on core
 * 0, load (wrk), upstream (nginx) and the drivers' agents on core 1, in alternating rounds, medians. The plain ones log
 * nothing and have no rules. What counts are the ratios; absolute numbers belong to the machine. The agents share a core
 * with load and upstream, which takes from the throughput of the driven ones: CPU is told apart for that.
 *
 *   node bench/router.ts [--seconds 3] [--rounds 5] [--connections 64] [--bytes 1024]
 */
import { freePort } from '../test/rig/free-port.ts';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { agentEntry, createRouterClient, routerEntry, type ProgramKind } from '../src/traffic/index.ts';

const run = promisify(execFile);
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
    bytes: { type: 'string', default: '1024' },
  },
});
const nginx = '/usr/sbin/nginx';
const haproxy = '/usr/sbin/haproxy';
/** Clock ticks a second in /proc/PID/stat; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

interface Contender {
  name: string;
  port: number;
  /** Every process that requests pass through. */
  pids: () => number[];
  /** The process that counts what the program logs; null where there is none. */
  agent: number | null;
}

interface Round {
  rps: number;
  p50Ms: number;
  p99Ms: number;
  cpuUs: number;
  agentUs: number;
}

const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
const children: ChildProcess[] = [];
const agents: ChildProcess[] = [];
try {
  const contenders = await startAll();
  const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]));
  for (const contender of contenders) await measure(contender, 1);
  for (let round = 0; round < Number(values.rounds); round++)
    for (const contender of contenders)
      results.get(contender.name)?.push(await measure(contender, Number(values.seconds)));
  print(results);
} finally {
  // An agent ends its program.
  for (const child of agents) child.kill('SIGTERM');
  await Promise.all(agents.filter((child) => child.exitCode === null).map((child) => once(child, 'exit')));
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}

async function startAll(): Promise<Contender[]> {
  const upstream = await freePort();
  await startNginx(
    'upstream',
    1,
    `server { listen 127.0.0.1:${upstream}; location / { return 200 "${'x'.repeat(Number(values.bytes))}"; } }`,
  );
  const contenders = [await startEmbedded(upstream)];
  const port = await freePort();
  const proxy = `upstream app { server 127.0.0.1:${upstream}; keepalive 128; }
    server { listen 127.0.0.1:${port}; location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; } }`;
  const plain = await startNginx('proxy', 0, proxy);
  contenders.push({ name: 'nginx', port, pids: () => withChildren(plain.pid ?? 0), agent: null });
  contenders.push(await startDriven('nginx', nginx, upstream));
  if (existsSync(haproxy))
    contenders.push(await startHaproxy(upstream), await startDriven('haproxy', haproxy, upstream));
  for (const contender of contenders) await answers(contender.port);
  return contenders;
}

async function startEmbedded(upstream: number): Promise<Contender> {
  const port = await freePort();
  const child = start('embedded', 0, process.execPath, [
    routerEntry,
    ...(await routerArgv('embedded', port)),
  ]);
  await route('embedded', upstream);
  return { name: 'embedded', port, pids: () => pidsOf(child), agent: null };
}

/** A program behind its agent. The program is pinned to core 0 by a wrapper, so that the agent is not. */
async function startDriven(kind: ProgramKind, program: string, upstream: number): Promise<Contender> {
  const port = await freePort();
  const name = `${kind}-driven`;
  const wrapper = join(folder, `pinned-${kind}`);
  await writeFile(wrapper, `#!/bin/sh\nexec taskset -c 0 ${program} "$@"\n`);
  await chmod(wrapper, 0o755);
  const argv = ['--router', kind, '--program', wrapper, ...(await routerArgv(name, port))];
  const agent = start(name, 1, process.execPath, [agentEntry, ...argv]);
  children.splice(children.indexOf(agent), 1);
  agents.push(agent);
  await route(name, upstream);
  const identity = join(folder, name, kind, kind === 'nginx' ? 'nginx.process' : 'haproxy.pid');
  const master = (JSON.parse(readFileSync(identity, 'utf8')) as { pid: number }).pid;
  return { name: `${kind}, driven`, port, pids: () => withChildren(master), agent: agent.pid ?? null };
}

async function routerArgv(name: string, port: number): Promise<string[]> {
  await mkdir(join(folder, name));
  const own = (file: string) => join(folder, name, file);
  return ['--state', own('state'), '--control', own('control'), '--listen', `127.0.0.1:${port}`];
}

async function route(name: string, upstream: number): Promise<void> {
  const router = createRouterClient(join(folder, name, 'control'));
  while ((await router.health().catch(() => null)) === null)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const endpoints = [{ instance: 'r1-web-1', host: '127.0.0.1', port: upstream }];
  await router.apply(
    {
      scope: 'bench',
      hosts: ['*'],
      revisions: [{ id: 'r1', weightPercent: 100, endpoints }],
      pins: [],
      sticky: false,
      maintenance: false,
      rateLimit: null,
    },
    1,
  );
}

async function startNginx(name: string, core: number, server: string): Promise<ChildProcess> {
  const file = join(folder, `${name}.conf`);
  await writeFile(
    file,
    // As many workers as the driven one has, since all share one core.
    `daemon off; worker_processes auto; pid ${folder}/${name}.pid; error_log ${folder}/${name}.log crit;
    events { worker_connections 4096; }
    http { access_log off; keepalive_requests 1000000; client_body_temp_path ${folder}/${name}-b; proxy_temp_path ${folder}/${name}-p;
      fastcgi_temp_path ${folder}/${name}-f; uwsgi_temp_path ${folder}/${name}-u; scgi_temp_path ${folder}/${name}-s; ${server} }`,
  );
  return start(name, core, nginx, ['-c', file, '-e', join(folder, `${name}.log`)]);
}

async function startHaproxy(upstream: number): Promise<Contender> {
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  await writeFile(
    file,
    `global
  nbthread 1
defaults
  mode http
  timeout connect 3s
  timeout client 30s
  timeout server 30s
  option forwardfor
frontend in
  bind 127.0.0.1:${port}
  default_backend app
backend app
  http-reuse always
  server a 127.0.0.1:${upstream}
`,
  );
  const child = start('haproxy', 0, haproxy, ['-db', '-f', file]);
  return { name: 'haproxy', port, pids: () => pidsOf(child), agent: null };
}

function start(name: string, core: number, command: string, argv: string[]): ChildProcess {
  const log = openSync(join(folder, `${name}.out`), 'a');
  const child = spawn('taskset', ['-c', String(core), command, ...argv], { stdio: ['ignore', log, log] });
  children.push(child);
  return child;
}

async function measure({ port, pids, agent }: Contender, seconds: number): Promise<Round> {
  const ofAgent = agent === null ? [] : [agent];
  const before = cpuTicks(pids());
  const agentBefore = cpuTicks(ofAgent);
  const { stdout } = await run('taskset', [
    '-c',
    '1',
    'wrk',
    '--latency',
    // A busy machine is no wrong answer.
    '--timeout',
    '60s',
    '-t1',
    `-c${values.connections}`,
    `-d${seconds}s`,
    `http://127.0.0.1:${port}/`,
  ]);
  const ticks = cpuTicks(pids()) - before;
  const agentTicks = cpuTicks(ofAgent) - agentBefore;
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  return {
    rps: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p50Ms: latency(stdout, '50%'),
    p99Ms: latency(stdout, '99%'),
    cpuUs: (ticks / ticksPerSecond / requests) * 1e6,
    agentUs: (agentTicks / ticksPerSecond / requests) * 1e6,
  };
}

function latency(text: string, percentile: string): number {
  const match = new RegExp(`${percentile}\\s+([\\d.]+)(us|ms|s)`).exec(text);
  return Number(match?.[1]) * { us: 0.001, ms: 1, s: 1000 }[match?.[2] ?? 'ms']!;
}

/** taskset replaces itself by its command, so the child's pid is the server's. */
function pidsOf({ pid = 0 }: ChildProcess): number[] {
  return [pid];
}

/** A master with its workers. */
function withChildren(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...children.split(' ').filter(Boolean).map(Number)];
}

/** User and system time of processes. */
function cpuTicks(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return sum + Number(fields[11]) + Number(fields[12]);
  }, 0);
}

function print(results: Map<string, Round[]>): void {
  const reference = median(results.get('nginx') ?? [], 'rps');
  const plainOf = (name: string) => results.get(name.replace(', driven', '')) ?? [];
  console.log(
    `${values.bytes} bytes, ${values.connections} connections, ${values.rounds} rounds of ${values.seconds} s`,
  );
  console.table(
    [...results].map(([name, rounds]) => ({
      router: name,
      rps: Math.round(median(rounds, 'rps')),
      'x nginx': Number((median(rounds, 'rps') / reference).toFixed(2)),
      'x plain': Number((median(rounds, 'rps') / median(plainOf(name), 'rps')).toFixed(2)),
      'p50 ms': Number(median(rounds, 'p50Ms').toFixed(2)),
      'p99 ms': Number(median(rounds, 'p99Ms').toFixed(2)),
      'CPU us/request': Math.round(median(rounds, 'cpuUs')),
      'CPU x plain': Number((least(rounds) / least(plainOf(name))).toFixed(2)),
      'agent us/request': Math.round(median(rounds, 'agentUs')),
    })),
  );
}

function median(rounds: readonly Round[], key: keyof Round): number {
  const sorted = rounds.map((round) => round[key]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The round that others disturbed least: what is left of a comparison on a busy machine. */
function least(rounds: readonly Round[]): number {
  return Math.min(...rounds.map(({ cpuUs }) => cpuUs));
}

async function answers(port: number): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      if ((await fetch(`http://127.0.0.1:${port}/`)).status === 200) return;
    } catch (error) {
      if (tries > 100) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
