import type { RolloutRequest } from '../environment.ts';
import { noRules, switchAtOnce, type Revision } from '../revision.ts';
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
      strategy: options.rolling ? { kind: 'rolling', batch: 1, unavailable: 0, pauseMs: 0 } : switchAtOnce,
      bakeMs: 2_000,
      rollbackWindowMs: 60_000,
      rules: noRules,
      judge: null,
    },
    requestedBy: 'ana',
    replyTo: 'run-1',
  };
}

function aRevision(serial: number, behaves: Behaviour, replicas: number): Omit<Revision, 'id'> {
  return {
    release: { digest: `sha256:${behaves}:${serial}`, commit: `c${serial}`, title: `change ${serial}` },
    processes: [
      { name: 'web', command: 'node web.js', replicas, role: 'web', overlap: false, after: [] },
      { name: 'worker', command: 'node worker.js', replicas: 1, role: 'worker', overlap: false, after: [] },
    ],
    shared: [],
    tasks: [{ name: 'release', command: 'node migrate.js' }],
    project: null,
    images: {},
    port: null,
    hosts: ['app.localhost'],
    rateLimit: null,
    health: {
      probe: 'http',
      path: '/ready',
      command: null,
      intervalMs: 250,
      probeTimeoutMs: 1_000,
      successes: 2,
      deadlineMs: 10_000,
    },
    smoke: [],
    drainTimeoutMs: 5_000,
    migration: { irreversible: false },
    configuration: { fingerprint: `f${serial}`, env: {}, envFile: null, secrets: [] },
  };
}
