import type { RolloutRequest } from '../environment.ts';
import type { Revision } from '../revision.ts';
import type { Behaviour } from './world.ts';

/** A release whose copies behave as named. Digest: `sha256:<behaviour>:<serial>`. */
export function aRequest(
  serial: number,
  behaves: Behaviour,
  options: { replicas?: number; rolling?: boolean } = {},
): RolloutRequest {
  return {
    rolloutId: `ro-${serial}`,
    kind: 'deploy',
    revision: aRevision(serial, behaves, options.replicas ?? 1),
    settings: {
      strategy: options.rolling ? { kind: 'rolling', batch: 1, unavailable: 0, pauseMs: 0 } : { kind: 'blue-green', preview: false, hold: { kind: 'none' } },
      bakeMs: 2_000,
      rollbackWindowMs: 60_000,
    },
    requestedBy: 'ana',
    replyTo: 'run-1',
  };
}

function aRevision(serial: number, behaves: Behaviour, replicas: number): Omit<Revision, 'id'> {
  return {
    release: { digest: `sha256:${behaves}:${serial}`, commit: `c${serial}`, title: `change ${serial}` },
    processes: [
      { name: 'web', command: 'node web.js', replicas, web: true, overlap: false },
      { name: 'worker', command: 'node worker.js', replicas: 1, web: false, overlap: false },
    ],
    releaseCommand: 'node migrate.js',
    hosts: ['app.localhost'],
    rateLimit: null,
    health: { probe: 'http', path: '/ready', command: null, intervalMs: 250, probeTimeoutMs: 1_000, successes: 2, deadlineMs: 10_000 },
    drainTimeoutMs: 5_000,
    configuration: { fingerprint: `f${serial}`, env: {}, envFile: null, secrets: [] },
  };
}
