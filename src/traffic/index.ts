import { fileURLToPath } from 'node:url';

export { abilities } from './abilities.ts';
export { findProgram, programKinds, type ProgramKind } from './agent/programs.ts';
export { acmeAccount, type AcmeAccount } from './acme/account.ts';
export { CertificateKeeper } from './acme/certificate-keeper.ts';
export { authorities, type Authority } from './acme/obtain.ts';
export { covers } from './certificate-folder.ts';
export { CertificateWatch } from './certificate-watch.ts';
export { createRouterClient, type EmbeddedRouter } from './client.ts';
export { everyHost } from './embedded/routes.ts';
export { latencyEdgesMs } from './embedded/histogram.ts';
export { loadState } from './embedded/state-file.ts';
export type { RouterHealth } from './embedded/router-process.ts';

/** The file that a supervisor starts: `node <routerEntry> --state FILE --control SOCKET --listen HOST:PORT`. */
export const routerEntry = entry('./embedded/main');

/** As `routerEntry`, for HAProxy and nginx: `node <agentEntry> --router haproxy --state …`. */
export const agentEntry = entry('./agent/main');

function entry(path: string): string {
  return fileURLToPath(new URL(`${path}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url));
}
