import type { JobSpec } from '../spec.ts';
import type { ServiceServer } from './server.ts';
import type { TokenPurpose, Tokens } from './tokens.ts';

/** Who gets the variables: a `run:` step only those for OIDC, as on GitHub. */
export type ServiceUser = 'javascript' | 'script';

/**
 * The services of one job, on a port of 127.0.0.1 that is open from the first need to the end of the job. Only who has
 * one of the job's tokens, or an address that was given to such a one, is served.
 */
export class JobServices {
  readonly #spec: JobSpec;
  readonly #addMask: (value: string) => void;
  readonly #issued = new Map<TokenPurpose, string>();
  #server: Promise<ServiceServer> | null = null;

  /** @param addMask - Told every token before anybody gets it. */
  constructor(spec: JobSpec, addMask: (value: string) => void) {
    this.#spec = spec;
    this.#addMask = addMask;
  }

  /** The ACTIONS_* variables of a step's process; starts the server when there are any. */
  async variables(user: ServiceUser): Promise<Record<string, string>> {
    const idTokens = mayAskForIdToken(this.#spec);
    if (user === 'script' && !idTokens) return {};
    // Loaded only now: most jobs never need it.
    this.#server ??= import('./server.ts').then(({ startServer }) => startServer(this.#spec));
    const { origin, tokens } = await this.#server;
    const issue = (purpose: TokenPurpose) => this.#token(tokens, purpose);
    const forIdTokens = idTokens && {
      ACTIONS_ID_TOKEN_REQUEST_URL: `${origin}/oidc/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: issue('id-token'),
    };
    if (user === 'script') return { ...forIdTokens };
    return {
      ACTIONS_RUNTIME_URL: `${origin}/`,
      ACTIONS_RUNTIME_TOKEN: issue('results'),
      ACTIONS_RESULTS_URL: `${origin}/`,
      ACTIONS_CACHE_URL: `${origin}/`,
      ACTIONS_CACHE_SERVICE_V2: 'True',
      ...forIdTokens,
    };
  }

  /** One token a job for each purpose. */
  #token(tokens: Tokens, purpose: TokenPurpose): string {
    const issued = this.#issued.get(purpose);
    if (issued !== undefined) return issued;
    const token = tokens.issue(purpose, Date.now());
    this.#issued.set(purpose, token);
    this.#addMask(token);
    return token;
  }

  /** Ends the server, and with it every token; unfinished uploads are removed. Repeating is harmless. */
  async close(): Promise<void> {
    const server = await this.#server;
    this.#server = null;
    await server?.close();
  }
}

/** Whether the job has `id-token: write`, which each of its callers had to have as well. */
export function mayAskForIdToken({ permissions }: Pick<JobSpec, 'permissions'>): boolean {
  if (permissions === undefined || permissions === 'read-all') return false;
  return permissions === 'write-all' || permissions['id-token'] === 'write';
}
