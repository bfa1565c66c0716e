import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate that a router may serve. */
export interface Certificate {
  /** Names it stands for, lower case; `*.example.com` stands for one label more. */
  names: string[];
  /** The certificate and its chain, PEM. */
  chain: string;
  /** Its private key, PEM. */
  key: string;
  chainFile: string;
  keyFile: string;
  validFromMs: number;
  expiresAtMs: number;
}

/** What a folder holds, and what in it cannot be served and why. */
export interface CertificateFolder {
  certificates: Certificate[];
  problems: { chainFile: string; message: string }[];
}

/**
 * Reads a folder of certificates: `<any name>.pem` holds chain and key, or `<name>.crt` the chain and `<name>.key`
 * the key. Whoever obtains certificates (a person, an ACME client) puts them here and nothing else; a file that is
 * renamed into its place is never read by half. Keys that others may read are refused.
 *
 * @throws The file system's error when the folder itself cannot be read.
 */
export function readCertificates(folder: string): CertificateFolder {
  const found: CertificateFolder = { certificates: [], problems: [] };
  for (const name of readdirSync(folder).sort()) {
    const [, base, ending] = /^([^.].*)\.(pem|crt)$/.exec(name) ?? [];
    if (base === undefined) continue;
    const chainFile = join(folder, name);
    const keyFile = ending === 'pem' ? chainFile : join(folder, `${base}.key`);
    try {
      found.certificates.push(readOne(chainFile, keyFile));
    } catch (error) {
      const message = `the certificate ${chainFile} is not served: ${(error as Error).message}`;
      found.problems.push({ chainFile, message });
    }
  }
  return found;
}

/** Whether a certificate stands for a host. */
export function covers({ names }: Pick<Certificate, 'names'>, host: string): boolean {
  return names.includes(host) || names.includes(`*.${host.slice(host.indexOf('.') + 1)}`);
}

function readOne(chainFile: string, keyFile: string): Certificate {
  const chain = readFileSync(chainFile, 'utf8');
  const key = readFileSync(keyFile, 'utf8');
  if ((statSync(keyFile).mode & 0o077) !== 0)
    throw new Error(`its key is open to others; chmod 600 ${keyFile}`);
  const certificate = new X509Certificate(chain);
  if (!certificate.checkPrivateKey(createPrivateKey(key)))
    throw new Error(`the key in ${keyFile} is not its own`);
  const names = [...(certificate.subjectAltName ?? '').matchAll(/DNS:([^,\s]+)/g)].map((match) =>
    (match[1] ?? '').toLowerCase(),
  );
  if (names.length === 0) throw new Error('it names no host (subjectAltName)');
  const [validFromMs, expiresAtMs] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  return { names, chain, key, chainFile, keyFile, validFromMs, expiresAtMs };
}
