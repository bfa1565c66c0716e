import { randomUUID, sign } from 'node:crypto';
import { coerceToString, fromJson } from '../../expressions/index.ts';
import type { JobSpec } from '../spec.ts';
import { signingKey, type SigningKey } from './signing-key.ts';
import { encode } from './tokens.ts';

/** As GitHub's tokens: good for a quarter of an hour, and as far back for clocks that are behind. */
const validitySeconds = 15 * 60;

/**
 * Issues the OIDC tokens of a job. The issuer is the job's own server, whose address lasts as long as the job: who checks
 * tokens later knows them by the key, which stays.
 *
 * @see https://docs.github.com/actions/reference/openid-connect-reference
 */
export class IdTokenIssuer {
  readonly #spec: JobSpec;
  readonly #origin: string;
  #key: Promise<SigningKey> | null = null;

  constructor(spec: JobSpec, origin: string) {
    this.#spec = spec;
    this.#origin = origin;
  }

  async issue(audience: string | undefined, nowMs: number): Promise<string> {
    const { privateKey, jwk } = await this.#signingKey();
    const now = Math.floor(nowMs / 1000);
    const claims = {
      jti: randomUUID(),
      ...idTokenClaims(this.#spec, audience),
      iss: this.#origin,
      nbf: now - validitySeconds,
      exp: now + validitySeconds,
      iat: now,
    };
    const text = `${encode({ typ: 'JWT', alg: 'RS256', kid: jwk.kid })}.${encode(claims)}`;
    return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
  }

  /** `/.well-known/openid-configuration` */
  configuration(): object {
    return {
      issuer: this.#origin,
      jwks_uri: `${this.#origin}/.well-known/jwks`,
      subject_types_supported: ['public', 'pairwise'],
      response_types_supported: ['id_token'],
      claims_supported: [
        'exp',
        'iat',
        'iss',
        'jti',
        'nbf',
        ...Object.keys(idTokenClaims(this.#spec, undefined)),
      ],
      id_token_signing_alg_values_supported: ['RS256'],
      scopes_supported: ['openid'],
    };
  }

  /** `/.well-known/jwks` */
  async keys(): Promise<object> {
    return { keys: [(await this.#signingKey()).jwk] };
  }

  #signingKey(): Promise<SigningKey> {
    this.#key ??= signingKey(this.#spec.directories.tools);
    return this.#key;
  }
}

/** What a token says about its job. */
export function idTokenClaims(spec: JobSpec, audience: string | undefined): Record<string, string> {
  const github = (name: string) => coerceToString(fromJson(spec.contexts.github[name] ?? null));
  const workflowRef = github('workflow_ref');
  const at = workflowRef.lastIndexOf('@');
  return {
    sub: subject(spec, github),
    aud: audience || `${github('server_url')}/${github('repository_owner')}`,
    ref: github('ref'),
    sha: github('sha'),
    repository: github('repository'),
    repository_owner: github('repository_owner'),
    repository_owner_id: github('repository_owner_id'),
    run_id: github('run_id'),
    run_number: github('run_number'),
    run_attempt: github('run_attempt'),
    repository_id: github('repository_id'),
    ...visibility(spec),
    actor_id: github('actor_id'),
    actor: github('actor'),
    workflow: github('workflow'),
    head_ref: github('head_ref'),
    base_ref: github('base_ref'),
    event_name: github('event_name'),
    ref_protected: github('ref_protected'),
    ref_type: github('ref_type'),
    workflow_ref: workflowRef,
    workflow_sha: github('workflow_sha'),
    // The file that the job stands in, which for a called workflow is another than the run's.
    job_workflow_ref: `${github('repository')}/${spec.workflow.file}${at === -1 ? '' : workflowRef.slice(at)}`,
    job_workflow_sha: github('workflow_sha'),
    runner_environment: 'self-hosted',
    ...(spec.environment !== null && { environment: spec.environment }),
  };
}

/** Only an event that came from a forge tells it. */
function visibility({ contexts }: JobSpec): { repository_visibility?: string } {
  const event = contexts.github['event'] as
    { repository?: { visibility?: unknown } | null } | null | undefined;
  const told = event?.repository?.visibility;
  return typeof told === 'string' ? { repository_visibility: told } : {};
}

/** Most specific first; a colon in a name would forge another subject. */
function subject(spec: JobSpec, github: (name: string) => string): string {
  const repository = `repo:${github('repository')}`;
  if (spec.environment !== null)
    return `${repository}:environment:${spec.environment.replaceAll(':', '%3A')}`;
  if (github('event_name') === 'pull_request') return `${repository}:pull_request`;
  return `${repository}:ref:${github('ref')}`;
}
