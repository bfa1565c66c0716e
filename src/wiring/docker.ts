import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { CodedError } from '../diagnostics/index.ts';
import { localEngine, openEngine, type Engine } from '../docker/index.ts';

/** The Docker engine of a server. Nothing is connected to before an app needs it. */
export interface Docker {
  /** `unix:///var/run/docker.sock` */
  url: string;
  engine: Engine;
  /** In the labels of everything that this home has made: two homes may share an engine. */
  homeId: string;
  /** Of these ids, those that the engine does not have. */
  missing(ids: string[]): Promise<string[]>;
  /**
   * Makes sure that an engine answers, before anything is begun that needs it.
   *
   * @throws CodedError `wiring/no-docker` with the way to get one.
   */
  require(): Promise<void>;
}

/** The id of a home; made when it is asked for the first time, and never changed. */
export async function homeIdOf(file: string): Promise<string> {
  const id = randomBytes(8).toString('hex');
  await writeFile(file, `${id}\n`, { flag: 'wx', mode: 0o644 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return (await readFile(file, 'utf8')).trim();
}

/** The engine at an address; null for where Docker puts it on this machine. */
export function dockerAt(address: string | null, homeId: string): Docker {
  const url = address ?? localEngine;
  const engine = openEngine(url);
  return {
    url,
    engine,
    homeId,
    missing: async (ids) => {
      const found = await Promise.all(ids.map((id) => engine.images.inspect(id)));
      return ids.filter((_, index) => found[index] === null);
    },
    require: async () => {
      await engine.ping().catch((error: unknown) => {
        throw noDocker(url, error);
      });
    },
  };
}

function noDocker(url: string, cause: unknown): CodedError {
  const said = cause instanceof Error ? cause.message : String(cause);
  const notes = cause instanceof CodedError && cause.help !== undefined ? [cause.help] : [];
  return new CodedError(
    'wiring/no-docker',
    `a Compose app needs Docker, and ${url} does not answer: ${said}`,
    {
      notes,
      help: 'install it: apt-get install docker.io; or name another engine: DOCKER_HOST=ssh://user@host slipway up',
      cause,
    },
  );
}
