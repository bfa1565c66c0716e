import { repositoryOf, type Repository } from '../soak/repository.ts';

/** A version of the app, and how it is rolled out. What is left out is as of a good version that nobody judges. */
export interface Version {
  name: string;
  /** See app/server.ts. */
  fails?: number;
  slower?: number;
  leaksMegabytesEachSecond?: number;
  endsEverySeconds?: number;
  /** As in slipway.yml. */
  strategy?: string;
  judge?: string;
}

/** Makes the repository of the app that the judge looks at; nothing is committed yet. */
export function createRepository(folder: string): Repository<Version> {
  return repositoryOf<Version>(folder, new URL('app', import.meta.url), (version) => {
    const { name, fails = 0, slower = 1, leaksMegabytesEachSecond = 0, endsEverySeconds = null } = version;
    return {
      'version.json': JSON.stringify({ name, fails, slower, leaksMegabytesEachSecond, endsEverySeconds }),
      'slipway.yml': slipwayYml(version),
    };
  });
}

function slipwayYml({ strategy = 'blue-green', judge }: Version): string {
  return `name: kiosk
environments:
  production:
    branches: [main]
    host: '*'
    strategy: ${strategy}
    health: { path: /ready, interval: 200ms, timeout: 5s, successes: 2, deadline: 60s }
    drain-timeout: 5s
    bake: 200ms
    rollback-window: 0s
${judge === undefined ? '' : `    judge: ${judge}\n`}`;
}
