/*
 * Embedded router, nginx and HAProxy side by side, the latter two plain (bare, and with equal work: `plain-routers.ts`)
 * and as Slipway drives them: each alone on core 0, load (wrk), upstream (nginx) and the drivers' agents on core 1, in
 * alternating rounds. What counts are the ratios, each taken within one round, and their medians; absolute numbers
 * belong to the machine. The agents share a core with load and upstream, which takes from the throughput of the driven
 * ones: CPU is told apart for that.
 *
 *   node bench/router.ts [--seconds 3] [--rounds 5] [--connections 64] [--bytes 1024] [--only nginx]
 */
import { freePort } from '../test/rig/free-port.ts';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { plainHaproxy, plainNginx, type Work } from './plain-routers.ts';
import { agentEntry, createRouterClient, routerEntry, type ProgramKind } from '../src/traffic/index.ts';

const run = promisify(execFile);
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
    bytes: { type: 'string', default: '1024' },
    only: { type: 'string', default: '' },
  },
});
const nginx = '/usr/sbin/nginx';
const haproxy = '/usr/sbin/haproxy';

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
  requests: number;
}

/** An agent reads some of what its program logged when the round is over. */
const lateMs = 3_000;

const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
const children: ChildProcess[] = [];
const agents: ChildProcess[] = [];
try {
  const contenders = await startAll();
  const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]));
  for (const contender of contenders) await measure(contender, 1);
  await new Promise((resolve) => setTimeout(resolve, lateMs));
  const before = new Map(contenders.map((one) => [one.name, agentNs(one)]));
  for (let round = 0; round < Number(values.rounds); round++)
    for (const contender of contenders)
      results.get(contender.name)?.push(await measure(contender, Number(values.seconds)));
  await new Promise((resolve) => setTimeout(resolve, lateMs));
  print(results, new Map(contenders.map((one) => [one.name, agentNs(one) - (before.get(one.name) ?? 0)])));
} finally {
  // An agent ends its program, and a master its workers, which would outlive one that is killed.
  await end(agents);
  await end(children);
  await rm(folder, { recursive: true, force: true });
}

async function end(running: ChildProcess[]): Promise<void> {
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(
    running
      .filter((child) => child.exitCode === null && child.signalCode === null)
      .map((child) => once(child, 'exit')),
  );
}

async function startAll(): Promise<Contender[]> {
  const upstream = await freePort();
  await startNginx(
    'upstream',
    1,
    `access_log off; keepalive_requests 1000000; server { listen 127.0.0.1:${upstream}; location / { return 200 "${'x'.repeat(Number(values.bytes))}"; } }`,
  );
  const contenders: Contender[] = values.only === '' ? [await startEmbedded(upstream)] : [];
  if (values.only !== 'haproxy')
    contenders.push(
      await startPlainNginx('bare', upstream),
      await startPlainNginx('equal', upstream),
      await startDriven('nginx', nginx, upstream),
    );
  if (existsSync(haproxy) && values.only !== 'nginx')
    contenders.push(
      await startPlainHaproxy('bare', upstream),
      await startPlainHaproxy('equal', upstream),
      await startDriven('haproxy', haproxy, upstream),
    );
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

async function startNginx(name: string, core: number, http: string): Promise<ChildProcess> {
  const file = join(folder, `${name}.conf`);
  await writeFile(
    file,
    // As many workers as the driven one has, since all share one core.
    `daemon off; worker_processes auto; pid ${folder}/${name}.pid; error_log ${folder}/${name}.log crit;
    events { worker_connections 4096; }
    http { client_body_temp_path ${folder}/${name}-b; proxy_temp_path ${folder}/${name}-p;
      fastcgi_temp_path ${folder}/${name}-f; uwsgi_temp_path ${folder}/${name}-u; scgi_temp_path ${folder}/${name}-s; ${http} }`,
  );
  return start(name, core, nginx, ['-c', file, '-e', join(folder, `${name}.log`)]);
}

async function startPlainNginx(work: Work, upstream: number): Promise<Contender> {
  const port = await freePort();
  const child = await startNginx(`nginx-${work}`, 0, plainNginx(work, { port, upstream, folder }));
  return { name: `nginx, ${work}`, port, pids: () => withChildren(child.pid ?? 0), agent: null };
}

async function startPlainHaproxy(work: Work, upstream: number): Promise<Contender> {
  const port = await freePort();
  const file = join(folder, `haproxy-${work}.cfg`);
  await writeFile(file, plainHaproxy(work, { port, upstream, folder }));
  const child = start(`haproxy-${work}`, 0, haproxy, ['-db', '-f', file]);
  return { name: `haproxy, ${work}`, port, pids: () => pidsOf(child), agent: null };
}

function start(name: string, core: number, command: string, argv: string[]): ChildProcess {
  const log = openSync(join(folder, `${name}.out`), 'a');
  // A session of its own, as an agent gives its program: the kernel shares cores among sessions.
  const child = spawn('taskset', ['-c', String(core), command, ...argv], {
    stdio: ['ignore', log, log],
    detached: true,
  });
  children.push(child);
  return child;
}

async function measure({ port, pids }: Contender, seconds: number): Promise<Round> {
  const before = cpuNs(pids());
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
  const routerNs = cpuNs(pids()) - before;
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  return {
    rps: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p50Ms: latency(stdout, '50%'),
    p99Ms: latency(stdout, '99%'),
    cpuUs: routerNs / requests / 1_000,
    requests,
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

/** What the threads of processes have run for, by the scheduler's own account. */
function cpuNs(pids: readonly number[]): number {
  const threads = pids.flatMap((pid) =>
    readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}`),
  );
  return threads.reduce(
    (sum, task) => sum + Number(readFileSync(`${task}/schedstat`, 'utf8').split(' ')[0]),
    0,
  );
}

function agentNs({ agent }: Contender): number {
  return agent === null ? 0 : cpuNs([agent]);
}

function print(results: Map<string, Round[]>, agents: Map<string, number>): void {
  const beside = (name: string, work: Work) => results.get(`${name.split(',')[0]}, ${work}`) ?? [];
  const agentUs = (name: string, rounds: readonly Round[]) =>
    (agents.get(name) ?? 0) / rounds.reduce((sum, one) => sum + one.requests, 0) / 1_000;
  console.log(
    `${values.bytes} bytes, ${values.connections} connections, ${values.rounds} rounds of ${values.seconds} s`,
  );
  console.table(
    [...results].map(([name, rounds]) => ({
      router: name,
      rps: Math.round(median(rounds.map((one) => one.rps))),
      'p50 ms': Number(median(rounds.map((one) => one.p50Ms)).toFixed(2)),
      'p99 ms': Number(median(rounds.map((one) => one.p99Ms)).toFixed(2)),
      'CPU us/request': Number(median(rounds.map((one) => one.cpuUs)).toFixed(1)),
      'agent us/request': Number(agentUs(name, rounds).toFixed(1)),
      'CPU x bare': ratio(rounds, beside(name, 'bare'), 'cpuUs'),
      'CPU x equal': ratio(rounds, beside(name, 'equal'), 'cpuUs'),
      'rps x equal': ratio(rounds, beside(name, 'equal'), 'rps'),
      'p99 x equal': ratio(rounds, beside(name, 'equal'), 'p99Ms'),
    })),
  );
}

/** The median of what each round says: a disturbance that lasts for one hits both sides of a ratio. */
function ratio(rounds: readonly Round[], others: readonly Round[], key: keyof Round): number | null {
  if (others.length !== rounds.length) return null;
  return Number(median(rounds.map((round, index) => round[key] / (others[index]?.[key] ?? NaN))).toFixed(3));
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
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
