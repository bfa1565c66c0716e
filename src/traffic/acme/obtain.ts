import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { rootCertificates } from 'node:tls';
import { CodedError } from '../../diagnostics/index.ts';

/** A certificate authority that speaks ACME. */
export interface Authority {
  /** `https://…/directory` */
  directory: string;
  /** Where it sends what concerns the account; null for nowhere. */
  email: string | null;
  /** PEM of the root that it shows itself with, for one of your own; null for those that everybody knows. */
  rootFile: string | null;
}

/** Certificate with its chain, and key; PEM. */
export interface Obtained {
  chain: string;
  key: string;
}

/** Authorities that have a name of their own on the command line. */
export const authorities: Readonly<Record<string, string>> = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
};

const requestTimeoutMs = 30_000;

/**
 * Obtains a certificate for one host, proven over HTTP (http-01): the router answers the authority's question, for it
 * knows the account's thumbprint.
 *
 * @throws CodedError `traffic/acme-unreachable`, `traffic/acme-refused`
 */
export async function obtainCertificate(
  host: string,
  { authority, accountKey }: { authority: Authority; accountKey: string },
): Promise<Obtained> {
  const { default: acme } = await import('acme-client');
  // It has none of its own, and one silent connection would keep all other hosts waiting.
  acme.axios.defaults.timeout = requestTimeoutMs;
  if (authority.rootFile !== null) {
    const ca = [...rootCertificates, await readRoot(authority.rootFile)];
    acme.axios.defaults.httpsAgent = new Agent({ ca });
  }
  const client = new acme.Client({
    directoryUrl: authority.directory,
    accountKey,
    backoffAttempts: 20,
    backoffMin: 1_000,
    backoffMax: 10_000,
  });
  try {
    const key = await acme.crypto.createPrivateEcdsaKey('P-256');
    const [, csr] = await acme.crypto.createCsr({ altNames: [host] }, key);
    const chain = await client.auto({
      csr,
      ...(authority.email === null ? {} : { email: authority.email }),
      termsOfServiceAgreed: true,
      // The authority asks from elsewhere; that it works from here proves nothing.
      skipChallengeVerification: true,
      challengePriority: ['http-01'],
      challengeCreateFn: () => Promise.resolve(),
      challengeRemoveFn: () => Promise.resolve(),
    });
    return { chain, key: key.toString() };
  } catch (error) {
    throw problemOf(error as Error & { code?: string }, host, authority);
  }
}

async function readRoot(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: Error) => {
    throw new CodedError(
      'traffic/acme-unreachable',
      `the authority's root cannot be read: ${error.message}`,
      {
        help: 'name the file again: slipway up --acme-root FILE',
        cause: error,
      },
    );
  });
}

function problemOf(error: Error & { code?: string }, host: string, { directory }: Authority): CodedError {
  if (error.code !== undefined)
    return new CodedError(
      'traffic/acme-unreachable',
      `no certificate for ${host}: ${directory} cannot be reached: ${error.message || error.code}`,
      { help: `try it from here: curl ${directory}`, cause: error },
    );
  return new CodedError(
    'traffic/acme-refused',
    `no certificate for ${host}: the authority says: ${error.message}`,
    {
      help: `the authority asks http://${host}/ on port 80: its name must lead to this machine (dig ${host}), and port 80 to the router (slipway up --http 0.0.0.0:80)`,
      cause: error,
    },
  );
}
