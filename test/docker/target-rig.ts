import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach } from 'vitest';
import type { ComposeService } from '../../src/compose/index.ts';
import type { InstanceObservation } from '../../src/delivery/index.ts';
import { openEngine, type Engine } from '../../src/docker/index.ts';
import { ensureSupervisor, type SupervisorControl } from '../../src/supervisor/index.ts';
import {
  createDockerTarget,
  type ContainerProbe,
  type CopySpec,
  type DockerTarget,
  type TaskSpec,
} from '../../src/targets/index.ts';
import { sharedDockerd } from './shared.ts';

export { hookOf, serviceOf, somewhere } from '../../src/targets/docker/testing/services.ts';

/** Runs a line of shell for ever, or until it ends. */
export const shell = (line: string): Partial<ComposeService> => ({ command: ['sh', '-c', line] });

/** Answers on port 8080 with the script's idea of an answer, and ends at once when told to. */
export const answering = (answer: string): Partial<ComposeService> => ({
  command: [
    'node',
    '-e',
    `process.on('SIGTERM', () => process.exit(0));
     require('node:http').createServer((request, response) => { ${answer} }).listen(8080, () => console.log('listening'));`,
  ],
});

/** A target over an engine, with a supervisor and a home of its own; everything is removed at the end. */
export interface TargetRig {
  /** Of its engine. */
  url: string;
  engine: Engine;
  home: string;
  homeId: string;
  scope: string;
  supervisor: SupervisorControl;
  target: DockerTarget;
  image(name: string): Promise<string>;
  copy(service: ComposeService, change?: Partial<CopySpec>): Promise<CopySpec>;
  task(service: ComposeService, key: string): Promise<TaskSpec>;
  /** A file of the release. */
  releaseFile(path: string, content: string): void;
  /** Waits until a copy shows what is asked for. */
  seen(
    id: string,
    ready: (copy: InstanceObservation) => boolean,
    probe?: Partial<ContainerProbe>,
  ): Promise<InstanceObservation>;
  gone(id: string): Promise<void>;
  /** Runs Docker's own command on the engine; gives what it says. */
  docker(...words: string[]): string;
  close(): Promise<void>;
}

/** Opens a target before each test, over the engine of the run, and closes it after. */
export function targetForEach(take: (rig: TargetRig) => void): void {
  let rig: TargetRig;
  beforeEach(async () => {
    rig = await openTarget(await sharedDockerd());
    take(rig);
  });
  afterEach(() => rig.close());
}

let rigs = 0;

/** Opens a target over the engine at `url`. */
export async function openTarget(url: string): Promise<TargetRig> {
  const home = mkdtempSync(join(tmpdir(), 'slipway-target-'));
  rigs += 1;
  const homeId = `test-${process.pid}-${rigs}`;
  const scope = `app${process.pid}x${rigs}/production`;
  const engine = openEngine(url);
  const supervisor = await ensureSupervisor(home);
  const target = createDockerTarget({ engine, supervisor, home, homeId });
  const directory = join(home, 'release');
  mkdirSync(directory);
  const image = async (name: string) => (await engine.images.inspect(name))?.Id ?? `no ${name}`;
  const container = async (service: ComposeService, revision: string) => ({
    scope,
    revision,
    release: `sha256:${'0'.repeat(64)}`,
    service,
    environment: {},
    image: await image(service.image ?? ''),
    networks: Object.fromEntries(Object.keys(service.networks).map((key) => [key, plainNetwork])),
    volumes: {},
    files: [],
    directory,
    bindsDirectory: join(home, 'binds'),
  });
  const until = async <T>(ask: () => Promise<T | null>): Promise<T> => {
    for (;;) {
      const answer = await ask();
      if (answer !== null) return answer;
      await sleep(50);
    }
  };
  return {
    url,
    engine,
    home,
    homeId,
    scope,
    supervisor,
    target,
    image,
    copy: async (service, change = {}) => {
      const revision = change.revision ?? 'r1';
      const id = `${revision}-${service.name}-1`;
      const logFile = join(home, 'logs', `${id}.log`);
      return { ...(await container(service, revision)), id, port: null, publish: [], logFile, ...change };
    },
    task: async (service, key) => ({
      ...(await container(service, 'r1')),
      key,
      logFile: join(home, 'logs', `${key}.log`),
    }),
    releaseFile: (path, content) => {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), content);
    },
    seen: (id, ready, probe = {}) =>
      until(async () => {
        const probes: ContainerProbe[] = [
          {
            instance: id,
            port: 8080,
            moment: 'now',
            check: { kind: 'own' },
            probeTimeoutMs: 10_000,
            ...probe,
          },
        ];
        const copy = (await target.observe(scope, probes)).find((one) => one.id === id);
        return copy && ready(copy) ? copy : null;
      }),
    gone: async (id) =>
      void (await until(async () =>
        (await target.observe(scope, [])).some((copy) => copy.id === id) ? null : true,
      )),
    docker: (...words) =>
      execFileSync('/usr/bin/docker', ['-H', url, ...words], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }).trim(),
    close: async () => {
      await supervisor.shutdown({ stopAll: true });
      const own = { 'slipway.home': homeId };
      for (const { Id } of await engine.containers.list(own)) await engine.containers.remove(Id);
      for (const { Id } of await engine.networks.list(own)) await engine.networks.remove(Id);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

const plainNetwork = {
  name: null,
  external: false,
  internal: false,
  ipv6: false,
  driver: null,
  driverOptions: {},
  subnets: [],
  labels: {},
};
