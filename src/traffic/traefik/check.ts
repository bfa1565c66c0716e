import { execFile } from 'node:child_process';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { CodedError } from '../../diagnostics/index.ts';
import { everyHost } from '../embedded/routes.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import { dynamicSchema, type DynamicConfiguration } from './dynamic-shape.ts';

const run = promisify(execFile);
const versionTimeoutMs = 30_000;

/** What Traefik cannot be told; sentences. */
export function problemsOf(scopes: readonly StoredScope[]): string[] {
  return scopes.flatMap(({ routes }) => [
    ...everyHost(routes)
      .filter((host) => host.startsWith('['))
      .map((host) => `Traefik cannot tell the host ${host} from others`),
    ...routes.revisions.flatMap(({ endpoints }) =>
      endpoints
        .filter(({ host }) => isIP(host) === 0)
        .map(({ instance, host }) => `the address of "${instance}" is not an IP address: ${host}`),
    ),
  ]);
}

/**
 * Traefik has no way to test a configuration, so what is written is held against the shape that its source has.
 *
 * @throws CodedError `traffic/configuration-refused`
 */
export function requireShape(configuration: DynamicConfiguration): void {
  const parsed = dynamicSchema.safeParse(configuration);
  if (!parsed.success)
    throw refused(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`));
}

export function refused(notes: string[]): CodedError {
  return new CodedError('traffic/configuration-refused', `Traefik cannot be told this: ${notes[0]}`, {
    notes,
    help: 'nothing was changed; the routes before are still in force',
  });
}

/** Middlewares of services, by which a request is sent again within its revision, came with 3.7. */
const oldest = [3, 7] as const;

/** @throws CodedError `traffic/program-too-old` */
export async function requireVersion(program: string): Promise<void> {
  const { stdout } = await run(program, ['version'], { timeout: versionTimeoutMs });
  const version = /^Version:\s+(\S+)/m.exec(stdout)?.[1] ?? '';
  const [, major, minor] = /^v?(\d+)\.(\d+)\./.exec(version) ?? [];
  // A build of somebody's own has no number.
  if (major === undefined) return;
  const newer = Number(major) - oldest[0] || Number(minor) - oldest[1];
  if (newer >= 0) return;
  throw new CodedError(
    'traffic/program-too-old',
    `Traefik ${version} is too old; ${oldest.join('.')} or later is needed`,
    { help: 'install a newer one, or take the router that needs nothing: slipway up --router embedded' },
  );
}
