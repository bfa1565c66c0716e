export { mayAskForIdToken } from './id-token.ts';
export { JobServices } from './job-services.ts';
export type { ServiceUser } from './job-services.ts';
