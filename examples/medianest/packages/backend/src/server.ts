import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { version } from '@medianest/shared';
import { createApp } from './app.ts';
import { openCache } from './cache.ts';
import { readConfig } from './config.ts';
import { openDatabase } from './database.ts';
import { log } from './log.ts';
import { MediaStore } from './media-store.ts';
import { readMigrations } from './migrations.ts';
import { PosterQueue } from './poster-queue.ts';
import { Readiness } from './readiness.ts';
import { closeGracefully } from './shutdown.ts';
import { StaticFiles } from './static-files.ts';

const config = readConfig(process.env);
const database = await openDatabase(config.database);
const cache = config.cacheUrl === null ? null : openCache(config.cacheUrl);
const readiness = new Readiness(database, readMigrations().length);
const services = {
  config,
  readiness,
  media: new MediaStore(database),
  posters: new PosterQueue(database, { cache }),
};
const webFolder = fileURLToPath(new URL('../../web/dist/', import.meta.url));
const server = createApp(services, new StaticFiles(webFolder));

server.listen(config.port, config.host);
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
log('info', 'listening', { version, revision: config.revision, host: config.host, port });
await readiness.check();

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, async () => {
    log('info', 'stopping', { signal });
    readiness.stop();
    await closeGracefully(server);
    await database.close();
    cache?.close();
    log('info', 'stopped');
  });
}
