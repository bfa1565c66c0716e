export { serveFlags } from './serve.ts';
export type { FlagServer } from './serve.ts';
export type { OnTrouble } from './troubles.ts';
