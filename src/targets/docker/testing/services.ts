import type { ComposeService } from '../../../compose/index.ts';

/** A place in a file, for what must have one. */
export const somewhere = { file: 'compose.yml', start: { line: 1, column: 1 }, end: { line: 1, column: 2 } };

/** A service as the loader makes one of `image: …` alone. */
export function serviceOf(name: string, change: Partial<ComposeService> = {}): ComposeService {
  return {
    name,
    at: somewhere,
    image: 'slipway-test/node',
    build: null,
    pullPolicy: null,
    platform: null,
    entrypoint: null,
    command: null,
    workingDir: null,
    user: null,
    groupAdd: [],
    environment: {},
    ports: [],
    expose: [],
    mounts: [],
    networks: { default: { aliases: [] } },
    networkMode: null,
    hostname: null,
    domainname: null,
    dns: [],
    dnsSearch: [],
    extraHosts: [],
    dependsOn: [],
    healthcheck: null,
    restart: { policy: 'no', maxRetries: null },
    stopGraceMs: 2000,
    stopSignal: null,
    init: false,
    privileged: false,
    readOnly: false,
    capAdd: [],
    capDrop: [],
    securityOpt: [],
    devices: [],
    sysctls: {},
    ulimits: {},
    shmSizeBytes: null,
    pid: null,
    ipc: null,
    oomScoreAdj: null,
    tty: false,
    stdinOpen: false,
    labels: {},
    logging: null,
    limits: { memoryBytes: null, cpus: null, pids: null },
    reservations: { memoryBytes: null, cpus: null },
    deploy: { replicas: null, mode: 'replicated', update: null, rollback: null, labels: {} },
    secrets: [],
    configs: [],
    hooks: { preStart: [], postStart: [], preStop: [] },
    hostConfig: {},
    extensions: {},
    ...change,
  };
}

/** A hook that runs a line of shell. */
export function hookOf(line: string): ComposeService['hooks']['preStart'][number] {
  const common = { image: null, user: null, privileged: false, workingDir: null, environment: {} };
  return { command: ['sh', '-c', line], at: somewhere, ...common };
}
