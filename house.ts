/**
 * The rooms of the house, top to bottom. A room imports only rooms that stand below it, through their `index.ts`.
 * Rooms of one shelf do not know each other, except where `sees` names a neighbour.
 *
 * This is the one place that says so: lint rules are generated from it (`oxlint.config.ts`), and
 * `npm run check:house` proves on a deliberately wrong fixture that they bite.
 */
export interface Room {
  name: string;
  /** Pure rooms never touch `node:*`, the clock, the network, the process or randomness. */
  pure: boolean;
  /** Names of the rooms this one may import. */
  sees: readonly string[];
}

const language = ['diagnostics', 'expressions', 'workflow', 'compose', 'app'] as const;
const engines = ['flow', 'runs', 'delivery', 'judge', 'access', 'story', 'flags', 'simulation'] as const;
const tools = ['store', 'source', 'secrets', 'supervisor', 'docker'] as const;
const adapters = ['runner', 'release', 'targets', 'traffic', 'flagd'] as const;

const below = [...tools, ...engines, ...language];

export const rooms: readonly Room[] = [
  { name: 'cli', pure: false, sees: ['server', 'wiring', 'local', ...adapters, ...below] },
  { name: 'server', pure: false, sees: ['wiring', ...adapters, ...below] },
  { name: 'wiring', pure: false, sees: [...adapters, ...below] },
  { name: 'local', pure: false, sees: [...adapters, ...below] },
  ...adapters.map((name) => ({ name, pure: false, sees: below })),
  { name: 'store', pure: false, sees: [...engines, ...language] },
  { name: 'source', pure: false, sees: [...engines, ...language] },
  { name: 'secrets', pure: false, sees: ['store', ...engines, ...language] },
  { name: 'supervisor', pure: false, sees: [...engines, ...language] },
  { name: 'docker', pure: false, sees: [...engines, ...language] },
  { name: 'runs', pure: true, sees: ['flow', ...language] },
  { name: 'delivery', pure: true, sees: ['judge', 'flow', ...language] },
  { name: 'simulation', pure: true, sees: ['delivery', 'judge', 'story', 'app', 'diagnostics'] },
  { name: 'story', pure: true, sees: ['judge', 'flow', ...language] },
  { name: 'judge', pure: true, sees: [...language] },
  { name: 'access', pure: true, sees: ['diagnostics'] },
  { name: 'flags', pure: true, sees: ['judge', 'flow', ...language] },
  { name: 'flow', pure: true, sees: [...language] },
  { name: 'app', pure: true, sees: ['diagnostics', 'expressions', 'compose'] },
  { name: 'compose', pure: true, sees: ['diagnostics'] },
  { name: 'workflow', pure: true, sees: ['diagnostics', 'expressions'] },
  { name: 'expressions', pure: true, sees: ['diagnostics'] },
  { name: 'diagnostics', pure: true, sees: [] },
];
