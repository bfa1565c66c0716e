import { freePort } from '../rig/free-port.ts';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';

const bin = '/usr/lib/postgresql/15/bin';

/** Whether PostgreSQL 15 is here at all. */
export const isPostgresInstalled = existsSync(join(bin, 'initdb'));

/** How to get it, on Debian 12. */
export const postgresHelp = 'apt-get install postgresql-15';

/** A PostgreSQL of its own in a temporary folder, on a free port of the loopback. */
export class PostgresServer {
  readonly port: number;
  readonly #folder: string;
  #databases = 0;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  static async start(): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-postgres-'));
    if (process.getuid?.() === 0) execFileSync('chown', ['postgres', folder]);
    const server = new PostgresServer(folder, await freePort());
    const data = join(folder, 'data');
    server.#run('initdb', ['-D', data, '-U', 'slipway', '-A', 'trust', '-E', 'UTF8', '--locale=C']);
    server.resume();
    return server;
  }

  url(database: string): string {
    return `postgres://slipway@127.0.0.1:${this.port}/${database}`;
  }

  async freshDatabase(): Promise<{ url: string }> {
    const name = `trial${(this.#databases += 1)}`;
    const client = new Client({ connectionString: this.url('postgres') });
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    return { url: this.url(name) };
  }

  /** Breaks every connection of Slipway that is open just now, whatever goes on in it. */
  async breakConnections(): Promise<void> {
    const client = new Client({ connectionString: this.url('postgres') });
    await client.connect();
    await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'slipway'",
    );
    await client.end();
  }

  /** Ends it as a machine that loses power would; what was committed is there after `resume`. */
  pause(): void {
    this.#run('pg_ctl', ['-D', join(this.#folder, 'data'), '-w', '-m', 'immediate', 'stop']);
  }

  resume(): void {
    const settings = `-c listen_addresses=127.0.0.1 -p ${this.port} -k ${this.#folder} -c max_connections=200`;
    const data = join(this.#folder, 'data');
    this.#run('pg_ctl', ['-D', data, '-w', '-l', join(this.#folder, 'log'), '-o', settings, 'start']);
  }

  stop(): void {
    // One that a failed test left paused has no process to end.
    if (existsSync(join(this.#folder, 'data/postmaster.pid'))) this.pause();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** PostgreSQL refuses to run as root, so as root it runs as its own user. */
  #run(tool: string, args: string[]): void {
    const command = [join(bin, tool), ...args];
    const asPostgres = process.getuid?.() === 0 ? ['runuser', '-u', 'postgres', '--', ...command] : command;
    const [file = '', ...rest] = asPostgres;
    execFileSync(file, rest, { cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] });
  }
}
