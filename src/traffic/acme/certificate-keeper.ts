import { mkdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';
import type { CertificateWatch } from '../certificate-watch.ts';
import { writeWhole } from '../write-whole.ts';
import { dueHosts, nextAttemptMs, type Attempts } from './due.ts';
import { obtainCertificate, type Authority } from './obtain.ts';

interface KeeperOptions {
  authority: Authority;
  accountKey: string;
  /** Where certificates lie, and go. */
  folder: string;
  watch: CertificateWatch;
  /** Remembers failures over restarts, so that no authority is asked too often. */
  attemptsFile: string;
  /** Hosts that users reach apps by. */
  hosts: () => Promise<string[]>;
  onObtained: (host: string) => void;
  onFailed: (host: string, error: unknown) => void;
}

const lookEveryMs = 15_000;

/**
 * Keeps a certificate for every host of the apps: asks for what is missing, renews what has less than a third of its
 * time left, one at a time. Files go where routers look, so that whichever router runs shows them.
 */
export class CertificateKeeper {
  readonly #options: KeeperOptions;
  #attempts: Record<string, Attempts> = {};
  #hosts: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#attempts = await readAttempts(this.#options.attemptsFile);
    this.#timer = setInterval(() => this.look(), lookEveryMs).unref();
    this.look();
  }

  /** Looks now, unless that is under way. */
  look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    void this.#look()
      .catch((error: unknown) => this.#options.onFailed('*', error))
      .finally(() => (this.#isLooking = false));
  }

  /** A request to the authority that is under way is not waited for: its answer would go nowhere. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Hosts without a certificate, and why; with when they are tried again. */
  problems(): string[] {
    return this.#hosts.flatMap((host) => {
      const attempts = this.#attempts[host];
      if (!attempts?.message) return [];
      const again = new Date(nextAttemptMs(attempts)).toISOString().slice(0, 16).replace('T', ' ');
      return [`${attempts.message} (tried again at ${again} UTC)`];
    });
  }

  async #look(): Promise<void> {
    const { hosts, watch } = this.#options;
    this.#hosts = await hosts();
    const due = dueHosts({
      hosts: this.#hosts,
      certificates: watch.certificates,
      attempts: this.#attempts,
      isOurs: ({ chainFile }) => basename(chainFile).startsWith(ownPrefix),
      nowMs: Date.now(),
    });
    for (const host of due) if (this.#timer) await this.#obtain(host);
  }

  async #obtain(host: string): Promise<void> {
    const { folder, onObtained, onFailed } = this.#options;
    const failures = (this.#attempts[host]?.failures ?? 0) + 1;
    // Written first: a server that is ended over it comes back and waits.
    await this.#remember(host, { failures, lastAtMs: Date.now(), message: null });
    try {
      const { chain, key } = await obtainCertificate(host, this.#options);
      await putFile(join(folder, `${ownPrefix}${host}.pem`), `${chain.trimEnd()}\n${key}`);
      await this.#remember(host, null);
      onObtained(host);
    } catch (error) {
      await this.#remember(host, { failures, lastAtMs: Date.now(), message: sentenceOf(error) });
      onFailed(host, error);
    }
  }

  async #remember(host: string, attempts: Attempts | null): Promise<void> {
    const { [host]: _before, ...others } = this.#attempts;
    this.#attempts = attempts ? { ...others, [host]: attempts } : others;
    await putFile(this.#options.attemptsFile, JSON.stringify(this.#attempts));
  }
}

/** Names of files that are ours to renew begin so. */
const ownPrefix = 'acme-';

async function readAttempts(file: string): Promise<Record<string, Attempts>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, Attempts>;
  } catch {
    // None yet, or damaged: nothing is known of any host.
    return {};
  }
}

async function putFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeWhole(file, text);
}

function sentenceOf(error: unknown): string {
  const { message } = error as Error;
  return error instanceof CodedError && error.help !== undefined ? `${message}; ${error.help}` : message;
}
