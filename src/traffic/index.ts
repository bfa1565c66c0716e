import { fileURLToPath } from 'node:url';

export { createRouterClient, type EmbeddedRouter } from './client.ts';
export type { RouterHealth } from './embedded/router-process.ts';

/** The file that a supervisor starts: `node <routerEntry> --state FILE --control SOCKET --listen HOST:PORT`. */
export const routerEntry = fileURLToPath(
  new URL(`./embedded/main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);
