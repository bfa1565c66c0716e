import { createSecureContext, type SecureContext } from 'node:tls';
import { covers, type Certificate } from '../certificate-folder.ts';
import { CertificateWatch } from '../certificate-watch.ts';
import { log } from './log.ts';

/** The certificates that this process serves. */
export class Certificates {
  readonly #watch: CertificateWatch;
  #served: { certificate: Certificate; context: SecureContext }[] = [];

  constructor(folder: string) {
    this.#watch = new CertificateWatch(folder, () => this.#take());
  }

  follow(): void {
    this.#watch.follow();
  }

  get problems(): string[] {
    return this.#watch.problems;
  }

  /** The certificate for a host, that of the exact name before a wildcard, the one that lasts longest first. */
  find(host: string): SecureContext | undefined {
    const exact = this.#served.find(({ certificate }) => certificate.names.includes(host));
    return (exact ?? this.#served.find(({ certificate }) => covers(certificate, host)))?.context;
  }

  close(): void {
    this.#watch.close();
  }

  #take(): void {
    this.#served = this.#watch.certificates.map((certificate) => {
      const { chain: cert, key } = certificate;
      return { certificate, context: createSecureContext({ cert, key, minVersion: 'TLSv1.3' }) };
    });
    log('info', 'certificates-read', {
      names: this.#served.flatMap(({ certificate }) => certificate.names),
    });
  }
}
