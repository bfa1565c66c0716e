import { join, resolve } from 'node:path';

/*
 * <home>/slipway.db  keys/  heads/            the store and what proves it
 *       /server.sock  server.json             the server's API, and how it was started
 *       /home.id                              in the labels of what this home makes on a Docker engine
 *       /supervisor.sock  supervisor.json     processes kept alive
 *       /router/                              the router's settings, routes and control socket
 *       /certificates/  acme/                 for TLS, unless another folder is named; who we are to the authority
 *       /flags/<port>/sock                    where containers of an environment ask for its flags
 *       /apps/<app>/repo.git  releases/  cache/  data/<environment>/  logs/<environment>/  logs/builds/
 *       /runs/<run>/<job>/                    a job's spec, report, log and workspace; artifacts/ is shared by the run
 *       /tools/                               installed Node versions
 * <home>.doors/<person>                       a socket for each person beside the owner
 */

/** Where everything lies under a Slipway home. */
export interface Layout {
  home: string;
  serverSocket: string;
  serverFile: string;
  /** Beside the home, which no other user may look into. */
  doors: string;
  serverLog: string;
  /** A name that no other home has. */
  homeId: string;
  tools: string;
  /** A folder for each environment with flags, by its port. */
  flags: string;
  apps: string;
  /** Compiled sources of Slipway's own processes, so that they start sooner; the supervisor uses the same. */
  compileCache: string;
  router: { state: string; settings: string; control: string; log: string };
  acme: { account: string; attempts: string };
  app: (name: string) => AppLayout;
  run: (id: string) => RunLayout;
}

interface AppLayout {
  mirror: string;
  releases: string;
  cache: string;
  /** Survives every release of the environment; processes find it as STATE_DIRECTORY. */
  data(environment: string): string;
  log(environment: string, instance: string): string;
  /** What making the images of a commit said. */
  buildLog(commit: string): string;
}

interface RunLayout {
  root: string;
  artifacts: string;
  job(key: string): string;
}

/** The layout of a home. Creates nothing. */
export function layoutOf(home: string): Layout {
  return {
    home,
    serverSocket: join(home, 'server.sock'),
    serverFile: join(home, 'server.json'),
    doors: `${resolve(home)}.doors`,
    serverLog: join(home, 'logs', 'server.log'),
    homeId: join(home, 'home.id'),
    tools: join(home, 'tools'),
    flags: join(home, 'flags'),
    apps: join(home, 'apps'),
    compileCache: join(home, 'cache', 'compile'),
    acme: { account: join(home, 'acme', 'account.pem'), attempts: join(home, 'acme', 'attempts.json') },
    router: {
      state: join(home, 'router', 'routes.json'),
      settings: join(home, 'router', 'settings.json'),
      control: join(home, 'router', 'control.sock'),
      log: join(home, 'logs', 'router.log'),
    },
    app: (name) => {
      const root = join(home, 'apps', name);
      return {
        mirror: join(root, 'repo.git'),
        releases: join(root, 'releases'),
        cache: join(root, 'cache'),
        data: (environment) => join(root, 'data', environment),
        log: (environment, instance) => join(root, 'logs', environment, `${instance}.log`),
        buildLog: (commit) => join(root, 'logs', 'builds', `${commit}.log`),
      };
    },
    run: (id) => {
      const root = join(home, 'runs', id);
      return { root, artifacts: join(root, 'artifacts'), job: (key) => join(root, 'jobs', key) };
    },
  };
}
