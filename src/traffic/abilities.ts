import type { RouterAbilities } from '../delivery/index.ts';
import type { ProgramKind } from './agent/programs.ts';

const everything: RouterAbilities = {
  weights: true,
  sessions: true,
  pins: ['header', 'cookie', 'host'],
  underscores: true,
  counts: true,
  lots: true,
  failures: true,
  rateLimit: true,
};

/** What each router can do; the conformance suite holds them to it. */
export const abilities: Record<'embedded' | ProgramKind, RouterAbilities> = {
  embedded: everything,
  haproxy: everything,
  caddy: { ...everything, underscores: false, failures: false, rateLimit: false },
  nginx: { ...everything, underscores: false },
  traefik: { ...everything, lots: false, failures: false },
};
