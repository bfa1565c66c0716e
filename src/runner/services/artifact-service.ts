import {
  archiveOf,
  artifactsOf,
  checkArtifactName,
  removeArtifact,
  storeArchive,
  type Artifact,
} from '../artifacts.ts';
import { CodedError } from '../../diagnostics/index.ts';
import { RequestProblem, optionalText, textField } from './http.ts';
import { backendId, type ServiceParts, type TwirpMethods } from './parts.ts';

type Body = Record<string, unknown>;

/** GitHub's words, which actions and people look for. */
const taken = 'an artifact with this name already exists on the workflow run';

interface Announced {
  mimeType: string;
  expiresAtMs: number | null;
}

/** `github.actions.results.api.v1.ArtifactService`: the artifacts of the job's run, the built-in actions' as well. */
export class ArtifactService {
  readonly name = 'github.actions.results.api.v1.ArtifactService';
  readonly methods: TwirpMethods = {
    CreateArtifact: (body) => this.#create(body),
    FinalizeArtifact: (body) => this.#finalize(body),
    ListArtifacts: (body) => this.#list(body),
    GetSignedArtifactURL: (body) => this.#signedUrl(body),
    DeleteArtifact: (body) => this.#delete(body),
  };
  readonly #parts: ServiceParts;
  readonly #announced = new Map<string, Announced>();

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  get #directory(): string {
    return this.#parts.spec.directories.artifacts;
  }

  async #create(body: Body): Promise<object> {
    const name = this.#nameOf(body);
    if ((await artifactsOf(this.#directory)).some((artifact) => artifact.name === name))
      throw new RequestProblem('already_exists', taken);
    const expiresAt = optionalText(body, 'expires_at');
    const expiresAtMs = expiresAt === undefined ? null : Date.parse(expiresAt);
    if (Number.isNaN(expiresAtMs)) throw new RequestProblem('invalid_argument', 'expires_at is no time');
    const mimeType = optionalText(body, 'mime_type') || 'application/zip';
    const path = uploadPath(name);
    await this.#parts.blobs.expect(path, this.#directory);
    this.#announced.set(name, { mimeType, expiresAtMs });
    return { ok: true, signed_upload_url: this.#parts.urls.sign(path, 'write', Date.now()) };
  }

  async #finalize(body: Body): Promise<object> {
    const name = this.#nameOf(body);
    const { blobs, spec } = this.#parts;
    const path = uploadPath(name);
    const announced = this.#announced.get(name);
    const blob = blobs.finished(path);
    if (!announced || !blob)
      throw new RequestProblem('not_found', `no upload of an artifact "${name}" is complete`);
    checkContent(blob, textField(body, 'size'), optionalText(body, 'hash'));
    const { sha256, sizeBytes } = blob;
    const archive = {
      name,
      overwrite: false,
      jobKey: spec.jobKey,
      path: blob.path,
      sha256,
      sizeBytes,
      ...announced,
    };
    const stored = await storeArchive(this.#directory, archive).catch(refuse);
    this.#announced.delete(name);
    await blobs.drop(path);
    return { ok: true, artifact_id: String(stored.id) };
  }

  async #list(body: Body): Promise<object> {
    this.#checkRun(body);
    const name = optionalText(body, 'name_filter');
    const id = optionalText(body, 'id_filter');
    const found = (await artifactsOf(this.#directory)).filter(
      (artifact) =>
        (name === undefined || artifact.name === name) && (id === undefined || String(artifact.id) === id),
    );
    return { artifacts: found.map((artifact) => this.#describe(artifact)) };
  }

  #describe({ id, name, archive, sizeBytes, createdAtMs, digest, jobKey }: Artifact): object {
    const { ids, spec } = this.#parts;
    return {
      workflow_run_backend_id: ids.run,
      workflow_job_run_backend_id: backendId(spec.runId, jobKey),
      database_id: String(id),
      name,
      size: String(archive?.sizeBytes ?? sizeBytes),
      created_at: new Date(createdAtMs).toISOString(),
      // The digest of the one file that will be sent; that of a built-in action's artifact is another.
      ...(archive && { digest }),
    };
  }

  async #signedUrl(body: Body): Promise<object> {
    const artifact = await this.#find(body);
    const { path, mimeType } = await archiveOf(artifact);
    const isZip = mimeType === 'application/zip';
    const fileName = isZip && !artifact.name.endsWith('.zip') ? `${artifact.name}.zip` : artifact.name;
    const address = `/slipway/artifacts/${artifact.id}${isZip ? '.zip' : ''}`;
    this.#parts.blobs.publish(address, { path, contentType: mimeType, fileName });
    return { signed_url: this.#parts.urls.sign(address, 'read', Date.now()) };
  }

  async #delete(body: Body): Promise<object> {
    const artifact = await this.#find(body);
    await removeArtifact(this.#directory, artifact.name);
    return { ok: true, artifact_id: String(artifact.id) };
  }

  async #find(body: Body): Promise<Artifact> {
    const name = this.#nameOf(body);
    const found = (await artifactsOf(this.#directory)).find((artifact) => artifact.name === name);
    if (found) return found;
    throw new RequestProblem('not_found', `the workflow run has no artifact "${name}"`);
  }

  #nameOf(body: Body): string {
    this.#checkRun(body);
    const name = textField(body, 'name');
    try {
      checkArtifactName(name);
    } catch (error) {
      throw new RequestProblem('invalid_argument', (error as Error).message);
    }
    return name;
  }

  #checkRun(body: Body): void {
    if (textField(body, 'workflow_run_backend_id') !== this.#parts.ids.run)
      throw new RequestProblem('permission_denied', 'the token is for another run');
  }
}

function uploadPath(name: string): string {
  return `/slipway/uploads/artifact-${encodeURIComponent(name)}`;
}

/** What came must be what was sent. */
export function checkContent(
  blob: { sizeBytes: number; sha256: string },
  size: string,
  hash: string | undefined,
): void {
  if (size !== String(blob.sizeBytes))
    throw new RequestProblem('invalid_argument', `${blob.sizeBytes} bytes came, and ${size} were announced`);
  if (hash !== undefined && hash !== `sha256:${blob.sha256}`)
    throw new RequestProblem('invalid_argument', 'the SHA-256 of what came is not the one announced');
}

function refuse(error: unknown): never {
  if (error instanceof CodedError && error.code === 'runner/artifact-exists')
    throw new RequestProblem('already_exists', taken);
  if (error instanceof CodedError) throw new RequestProblem('invalid_argument', error.message);
  throw error;
}
