import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { createApp } from '../src/app.ts';
import { type Config, readConfig } from '../src/config.ts';
import type { Database } from '../src/database.ts';
import { MediaStore } from '../src/media-store.ts';
import { migrate, readMigrations } from '../src/migrations.ts';
import { PosterQueue } from '../src/poster-queue.ts';
import { Readiness } from '../src/readiness.ts';
import { openSqlite } from '../src/sqlite.ts';
import { StaticFiles } from '../src/static-files.ts';

/** A folder that goes away with the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'medianest-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty database, migrated unless said otherwise. */
export async function testDatabase(t: TestContext, options = { migrated: true }) {
  const database = openSqlite(':memory:');
  t.after(() => database.close().catch(() => undefined));
  if (options.migrated) await migrate(database, readMigrations());
  return database;
}

/** What a deployed app finds in its environment. */
export const deployedEnv = {
  PORT: '0',
  SQLITE_FILE: 'unused.sqlite',
  POSTER_STORE: tmpdir(),
  SLIPWAY_REVISION: 'r7',
  SLIPWAY_COMMIT: 'c0ffee',
};

export interface RunningApp {
  database: Database;
  config: Config;
  readiness: Readiness;
  /** Requests a path of the app. */
  request(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, value: unknown): Promise<Response>;
}

interface StartOptions {
  migrated?: boolean;
  /** On top of what a deployed app finds. */
  env?: Record<string, string>;
}

/** The app on a free port, with a small front end. */
export async function startApp(
  t: TestContext,
  { migrated = true, env = {} }: StartOptions = {},
): Promise<RunningApp> {
  const database = await testDatabase(t, { migrated });
  const config = readConfig({ ...deployedEnv, ...env });
  const readiness = new Readiness(database, readMigrations().length, config.posterStore);
  const webFolder = temporaryFolder(t);
  writeFileSync(path.join(webFolder, 'index.html'), '<h1>MediaNest</h1>');
  const services = {
    config,
    readiness,
    media: new MediaStore(database),
    posters: new PosterQueue(database),
  };
  const server = createApp(services, new StaticFiles(webFolder));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const request = (target: string, init?: RequestInit) =>
    fetch(`http://127.0.0.1:${port}${target}`, init);
  const post = (target: string, value: unknown) =>
    request(target, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(value),
    });
  return { database, config, readiness, request, post };
}
