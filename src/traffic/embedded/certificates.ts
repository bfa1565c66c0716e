import { watch, type FSWatcher } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { covers, readCertificates, type Certificate } from '../certificate-folder.ts';
import { log, messageOf } from './log.ts';

/** After the last change: a chain and its key arrive one after the other. */
const settleMs = 100;
/** For file systems that tell of no change, and for certificates that expire. */
const lookEveryMs = 60_000;

interface Served extends Certificate {
  context: SecureContext;
}

/** The certificates of a folder, as they are now. One that was good goes on while what replaces it is not. */
export class Certificates {
  readonly #folder: string;
  #served: Served[] = [];
  #problems: string[] = [];
  #watcher: FSWatcher | undefined;
  #soon: NodeJS.Timeout | undefined;
  #regular: NodeJS.Timeout | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Reads the folder and follows its changes. A folder that is missing is a problem, not a failure: it may come. */
  follow(): void {
    this.#read();
    this.#regular = setInterval(() => this.#read(), lookEveryMs).unref();
    this.#watch();
  }

  get problems(): string[] {
    const expired = this.#served.filter(({ expiresAtMs }) => expiresAtMs < Date.now());
    return [...this.#problems, ...expired.map(({ chainFile }) => `the certificate ${chainFile} has expired`)];
  }

  /** The certificate for a host, that of the exact name before a wildcard, the one that lasts longest first. */
  find(host: string): SecureContext | undefined {
    const exact = this.#served.find(({ names }) => names.includes(host));
    return (exact ?? this.#served.find((one) => covers(one, host)))?.context;
  }

  close(): void {
    clearTimeout(this.#soon);
    clearInterval(this.#regular);
    this.#watcher?.close();
  }

  #watch(): void {
    try {
      this.#watcher ??= watch(this.#folder, { persistent: false }, () => {
        clearTimeout(this.#soon);
        this.#soon = setTimeout(() => this.#read(), settleMs).unref();
      }).on('error', () => {
        this.#watcher?.close();
        this.#watcher = undefined;
      });
    } catch {
      // The folder is not there yet; the regular look says so, and watches it from then on.
    }
  }

  #read(): void {
    this.#watch();
    try {
      const { certificates, problems } = readCertificates(this.#folder);
      const broken = new Set(problems.map(({ chainFile }) => chainFile));
      const kept = this.#served.filter(({ chainFile }) => broken.has(chainFile));
      const served = [...kept, ...certificates.map((one) => this.#known(one) ?? secured(one))].sort(
        (a, b) => b.expiresAtMs - a.expiresAtMs,
      );
      if (served.some((one) => !this.#served.includes(one)))
        log('info', 'certificates-read', { names: served.flatMap(({ names }) => names) });
      this.#served = served;
      this.#problems = problems.map(({ message }) => message);
    } catch (error) {
      this.#problems = [`the certificates cannot be read: ${messageOf(error)}`];
    }
  }

  #known(one: Certificate): Served | undefined {
    return this.#served.find(({ chain, key, chainFile }) => {
      return chain === one.chain && key === one.key && chainFile === one.chainFile;
    });
  }
}

function secured(certificate: Certificate): Served {
  const { chain: cert, key } = certificate;
  return { ...certificate, context: createSecureContext({ cert, key, minVersion: 'TLSv1.3' }) };
}
