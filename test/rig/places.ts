import type { SupervisorControl } from '../../src/supervisor/index.ts';

/** A copy of the app, or a shared service of it. */
export interface Copy {
  /** `r7-web-1`, `shared-store-1` */
  id: string;
  runs: boolean;
  /** Session of its process on this machine; null in a container. */
  session: number | null;
}

/** Where copies run, and what else there is of them. */
export interface Place {
  copies(): Promise<Copy[]>;
  /** Networks, by the revision that each is for: `r7`, `shared`. */
  networks(): string[];
  /** Copies of the app that run once for all revisions. */
  shared: string[];
}

/** Copies are processes of the supervisor. */
export function processPlace(supervisor: SupervisorControl, scope: string): Place {
  return {
    copies: async () =>
      (await supervisor.list(scope)).map(({ id, phase, pid }) => ({
        id: id.slice(scope.length + 1),
        runs: phase === 'running',
        session: pid,
      })),
    networks: () => [],
    shared: [],
  };
}

/** An engine of the test's own. */
export interface RigEngine {
  url: string;
  docker: (...args: string[]) => string;
}

/** Copies are containers; everything on the engine counts, whoever made it. */
export function containerPlace({ docker }: RigEngine, scope: string): Place {
  const prefix = `slipway-${scope.replaceAll('/', '-')}-`;
  const lines = (...args: string[]) =>
    docker(...args)
      .split('\n')
      .filter(Boolean);
  return {
    copies: () =>
      Promise.resolve(
        lines('ps', '-a', '--format', '{{.Names}} {{.State}}').map((line) => {
          const [name = '', state] = line.split(' ');
          return { id: name.replace(prefix, ''), runs: state === 'running', session: null };
        }),
      ),
    networks: () =>
      lines('network', 'ls', '--filter', 'type=custom', '--format', '{{.Name}}').map((name) =>
        name === prefix.slice(0, -1) ? 'shared' : name.replace(prefix, ''),
      ),
    shared: ['shared-store-1'],
  };
}
