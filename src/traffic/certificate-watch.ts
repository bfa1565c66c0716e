import { watch, type FSWatcher } from 'node:fs';
import { readCertificates, type Certificate } from './certificate-folder.ts';

/** After the last change: a chain and its key arrive one after the other. */
const settleMs = 100;
/** For file systems that tell of no change. */
const lookEveryMs = 60_000;

/** The certificates of a folder, as they are now. One that was good goes on while what replaces it is not. */
export class CertificateWatch {
  readonly #folder: string;
  readonly #onChange: () => void;
  #certificates: Certificate[] = [];
  #problems: string[] = [];
  #watcher: FSWatcher | undefined;
  #soon: NodeJS.Timeout | undefined;
  #regular: NodeJS.Timeout | undefined;

  /** @param onChange - Other certificates are here by now. */
  constructor(folder: string, onChange: () => void) {
    this.#folder = folder;
    this.#onChange = onChange;
  }

  /** Those that last longest first. */
  get certificates(): readonly Certificate[] {
    return this.#certificates;
  }

  /** What a person should look at; empty when all is well. */
  get problems(): string[] {
    const expired = this.#certificates.filter(({ expiresAtMs }) => expiresAtMs < Date.now());
    return [...this.#problems, ...expired.map(({ chainFile }) => `the certificate ${chainFile} has expired`)];
  }

  /** Reads the folder and follows its changes. A folder that is missing is a problem, not a failure: it may come. */
  follow(): void {
    this.#look();
    this.#regular = setInterval(() => this.#look(), lookEveryMs).unref();
  }

  close(): void {
    clearTimeout(this.#soon);
    clearInterval(this.#regular);
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #look(): void {
    this.#watch();
    const before = this.#certificates;
    this.#read();
    const same = (a: Certificate, b: Certificate | undefined) =>
      a.chain === b?.chain && a.key === b.key && a.chainFile === b.chainFile;
    const changed =
      before.length !== this.#certificates.length ||
      this.#certificates.some((one, index) => !same(one, before[index]));
    if (changed) this.#onChange();
  }

  #read(): void {
    try {
      const { certificates, problems } = readCertificates(this.#folder);
      const broken = new Set(problems.map(({ chainFile }) => chainFile));
      const kept = this.#certificates.filter(({ chainFile }) => broken.has(chainFile));
      this.#certificates = [...kept, ...certificates].sort((a, b) => b.expiresAtMs - a.expiresAtMs);
      this.#problems = problems.map(({ message }) => message);
    } catch (error) {
      this.#problems = [`the certificates cannot be read: ${(error as Error).message}`];
    }
  }

  #watch(): void {
    try {
      this.#watcher ??= watch(this.#folder, { persistent: false }, () => {
        clearTimeout(this.#soon);
        this.#soon = setTimeout(() => this.#look(), settleMs).unref();
      }).on('error', () => {
        this.#watcher?.close();
        this.#watcher = undefined;
      });
    } catch {
      // The folder is not there yet; the regular look comes back to it.
    }
  }
}
