import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Test files that take a minute or more, the longest first; `.ci/run` names the slowest at its end. */
const long = [
  'src/delivery/chaos.test.ts',
  'src/delivery/every-moment.test.ts',
  'src/delivery/every-moment-machines.test.ts',
  'test/chaos/server-kills.test.ts',
  'test/conformance/language/cases.test.ts',
  'test/chaos/frozen-server.test.ts',
  'test/docs/runbooks.test.ts',
  'test/docs/quickstart.test.ts',
  'test/chaos/reboot.test.ts',
  'test/real/judge-docker.test.ts',
  'test/real/demo-docker.test.ts',
  'test/real/packages.test.ts',
  'test/real/several-machines-guide.test.ts',
  'test/real/rollouts-under-load.test.ts',
  'test/real/compose-ship.test.ts',
  'test/real/conformance/nginx.test.ts',
  'test/real/several-machines.test.ts',
  'test/real/docker-chaos.test.ts',
  'test/real/server-on-postgres.test.ts',
  'test/real/conformance/traefik.test.ts',
  'test/real/conformance/caddy.test.ts',
  'test/real/conformance/haproxy.test.ts',
  'test/real/measured-machines.test.ts',
  'test/real/compose-proofs.test.ts',
].map((file) => resolve(import.meta.dirname, '..', file));

/** Nobody waits at the end for a long file that began late. Left to itself, vitest begins with those of most bytes. */
export class LongFilesFirst extends BaseSequencer {
  /** @throws Error when a file of the list is not there: it has another name now, or is gone. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const gone = long.filter((file) => !existsSync(file));
    if (gone.length > 0)
      throw new Error(`scripts/long-files-first.ts names what is not there: ${gone.join(', ')}`);
    const sorted = await super.sort(files);
    // Groups stay apart, and the others as they were.
    return sorted.toSorted((one, other) => groupOf(one) - groupOf(other) || placeOf(one) - placeOf(other));
  }
}

function groupOf({ project }: TestSpecification): number {
  return project.config.sequence.groupOrder;
}

function placeOf({ moduleId }: TestSpecification): number {
  const at = long.indexOf(moduleId);
  return at === -1 ? long.length : at;
}
