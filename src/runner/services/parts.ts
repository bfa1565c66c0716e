import { createHash } from 'node:crypto';
import type { JobSpec } from '../spec.ts';
import type { BlobStore } from './blobs.ts';
import type { SignedUrls } from './signed-urls.ts';
import type { BackendIds } from './tokens.ts';

/** What the services of a job share. */
export interface ServiceParts {
  spec: JobSpec;
  ids: BackendIds;
  urls: SignedUrls;
  blobs: BlobStore;
}

/** The methods of a Twirp service: a JSON object in, one out; a `RequestProblem` says no. */
export type TwirpMethods = Readonly<Record<string, (body: Record<string, unknown>) => Promise<object>>>;

/** An id in the form that GitHub's have; the same for the same parts. */
export function backendId(...parts: string[]): string {
  const hex = createHash('sha256').update(parts.join('\0')).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
