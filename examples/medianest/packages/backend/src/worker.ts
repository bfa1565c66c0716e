import { readConfig } from './config.ts';
import { openDatabase } from './database.ts';
import { log } from './log.ts';
import { PosterQueue } from './poster-queue.ts';
import { drawPosters } from './worker-loop.ts';

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log('info', 'worker stopping', { signal });
    stop.abort();
  });
}

const config = readConfig(process.env);
const database = await openDatabase(config.database);
log('info', 'worker started', { revision: config.revision, database: config.database.kind });
const drawn = await drawPosters(new PosterQueue(database), stop.signal);
await database.close();
log('info', 'worker stopped', { drawn });
