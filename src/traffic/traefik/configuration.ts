import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentSettings } from '../agent/settings.ts';
import type { Certificate } from '../certificate-folder.ts';
import { sessionKey } from '../embedded/session-cookie.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import { writeWhole } from '../write-whole.ts';
import { problemsOf, refused, requireShape } from './check.ts';
import { renderDynamic } from './dynamic-configuration.ts';
import { copyOf, type DynamicParts } from './parts.ts';
import type { TraefikPaths } from './paths.ts';
import { renderStatic } from './static-configuration.ts';

/** What a configuration is made of besides the settings. */
interface Content {
  scopes: readonly StoredScope[] | null;
  certificates: readonly Certificate[];
  pagesPort: number;
}

/** The configuration of one Traefik: rendered, checked, and put in place in one step. */
export class Configuration {
  readonly #settings: AgentSettings;
  readonly #paths: TraefikPaths;
  readonly #isWhole: boolean;
  #sessionKey: Buffer = Buffer.alloc(0);
  #markHost = '';

  constructor(settings: AgentSettings, paths: TraefikPaths) {
    this.#settings = settings;
    this.#paths = paths;
    this.#isWhole = settings.ownConfig.length === 0;
  }

  get sessionKey(): Buffer {
    return this.#sessionKey;
  }

  /** The host that Traefik answers with the generation in force. */
  get markHost(): string {
    return this.#markHost;
  }

  async prepare(): Promise<void> {
    const { dynamicFolder, certificates, secretFile } = this.#paths;
    for (const folder of [this.#settings.folder, dynamicFolder, certificates])
      await mkdir(folder, { recursive: true, mode: 0o700 });
    this.#sessionKey = sessionKey(`${this.#settings.stateFile}.key`);
    this.#markHost = `${sessionKey(secretFile).toString('hex')}.invalid`.slice(4);
  }

  /** @throws CodedError `traffic/configuration-refused` */
  check(content: Content): void {
    const problems = problemsOf(content.scopes ?? []);
    if (problems.length > 0) throw refused(problems);
    requireShape(this.#render(content, ''));
  }

  /** What tells contents apart. */
  markOf(content: Content): string {
    return JSON.stringify(this.#render(content, ''));
  }

  /** Puts a configuration in place; Traefik may not know of it yet. @returns Its generation. */
  async put(content: Content): Promise<string> {
    for (const { chain, key } of content.certificates) {
      const { certFile, keyFile } = this.#copy(chain, key);
      if (!existsSync(certFile)) await writeWhole(certFile, chain);
      if (!existsSync(keyFile)) await writeWhole(keyFile, key);
    }
    const generation = randomUUID();
    const configuration = this.#render(content, generation);
    requireShape(configuration);
    await writeWhole(this.#paths.dynamicFile, `${JSON.stringify(configuration, null, 2)}\n`);
    return generation;
  }

  /** Says again what is in place: a change that Traefik did not hear of, or read by half. */
  async repeat(): Promise<void> {
    await writeWhole(this.#paths.dynamicFile, readFileSync(this.#paths.dynamicFile, 'utf8'));
  }

  get isThere(): boolean {
    return existsSync(this.#paths.dynamicFile);
  }

  /** Copies of certificates that the configuration in place does not name. */
  async forgetCertificates(certificates: readonly Certificate[]): Promise<void> {
    const named = new Set(
      certificates.flatMap(({ chain, key }) => Object.values(this.#copy(chain, key)) as string[]),
    );
    for (const name of await readdir(this.#paths.certificates)) {
      const file = join(this.#paths.certificates, name);
      if (!named.has(file)) await rm(file, { force: true });
    }
  }

  async putStatic(): Promise<void> {
    if (this.#isWhole) await writeWhole(this.#paths.staticFile, renderStatic(this.#settings, this.#paths));
  }

  /** Whether Traefik was started with what the settings ask for now. */
  get staticIsCurrent(): boolean {
    return (
      !this.#isWhole ||
      (existsSync(this.#paths.staticFile) &&
        readFileSync(this.#paths.staticFile, 'utf8') === renderStatic(this.#settings, this.#paths))
    );
  }

  #render({ scopes, certificates, pagesPort }: Content, generation: string) {
    const parts: DynamicParts = {
      settings: this.#settings,
      isWhole: this.#isWhole,
      certificates: certificates.map((one) => ({ ...one, copy: this.#copy(one.chain, one.key) })),
      sessionKey: this.#sessionKey,
      pagesPort,
      generation,
      markHost: this.#markHost,
    };
    return renderDynamic(scopes, parts);
  }

  #copy(chain: string, key: string) {
    const mark = createHash('sha256').update(chain).update(key).digest('hex').slice(0, 32);
    return copyOf(this.#paths.certificates, mark);
  }
}
