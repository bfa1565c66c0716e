import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CodedError } from '../../diagnostics/index.ts';
import type { AgentSettings, ListenAddress } from '../agent/settings.ts';
import type { Certificate } from '../certificate-folder.ts';
import { messageOf } from '../embedded/log.ts';
import { revisionToken, sessionKey } from '../embedded/session-cookie.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import { scopeKey } from '../agent/scope-key.ts';
import { textOf } from '../agent/text-of.ts';
import { writeWhole } from '../write-whole.ts';
import { pageFiles } from './pages.ts';
import { renderPart, serverLines } from './part.ts';
import { sharedRun, type NginxPaths } from './paths.ts';
import type { NamedScope } from './scope-maps.ts';
import { renderWhole } from './whole.ts';

const run = promisify(execFile);
const testTimeoutMs = 30_000;
const headPattern = /^# Written by Slipway, generation (\d+);/;

/** The configuration of one nginx: rendered, tested by nginx itself, and put in place in one step. */
export class Configuration {
  readonly #settings: AgentSettings;
  readonly #paths: NginxPaths;
  readonly #program: string;
  readonly #isWhole: boolean;

  constructor(settings: AgentSettings, paths: NginxPaths, program: string) {
    this.#settings = settings;
    this.#paths = paths;
    this.#program = program;
    this.#isWhole = settings.ownConfig.length === 0;
  }

  /** Folders and pages, and our own main file when nginx is ours alone. */
  async prepare(): Promise<void> {
    const { run: runFolder, pages, certificates, mainFile } = this.#paths;
    for (const folder of [this.#settings.folder, certificates])
      await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const folder of [runFolder, pages, join(runFolder, 'tmp')]) {
      await mkdir(folder, { recursive: true });
      await chmod(folder, 0o755);
    }
    await this.#tidy();
    for (const [name, text] of pageFiles()) await writeFile(join(pages, name), text, { mode: 0o644 });
    if (this.#isWhole) await writeWhole(mainFile, this.#whole(this.#paths.partFile));
  }

  /** What agents that were killed left, and folders under /run whose home is gone. */
  async #tidy(): Promise<void> {
    const { run: runFolder } = this.#paths;
    for (const name of await readdir(runFolder))
      if (name.startsWith('closing-')) await rm(join(runFolder, name), { force: true });
    if (!runFolder.startsWith(sharedRun)) return;
    await writeFile(join(runFolder, 'home'), this.#settings.folder, { mode: 0o600 });
    for (const name of await readdir(dirname(sharedRun))) {
      const folder = join(dirname(sharedRun), name);
      const home = folder.startsWith(sharedRun) ? textOf(join(folder, 'home')) : '';
      if (home !== '' && !existsSync(home)) await rm(folder, { recursive: true, force: true });
    }
  }

  /** Which configuration is in place; 0 when none is. Each has a number of its own. */
  get generation(): number {
    return Number(headPattern.exec(textOf(this.#paths.partFile))?.[1] ?? 0);
  }

  /** Whether scopes are what the configuration in place says. */
  says(scopes: readonly StoredScope[], certificates: readonly Certificate[]): boolean {
    return textOf(this.#paths.partFile) === this.#part(scopes, certificates, this.generation);
  }

  /** While it is there, nginx ends a connection with each answer, if it serves that configuration. */
  closingFile(generation: number): string {
    return join(this.#paths.run, `closing-${generation}`);
  }

  /**
   * Tests what would be put in place.
   *
   * @throws CodedError `traffic/configuration-refused` with nginx's words.
   */
  async check(scopes: readonly StoredScope[], certificates: readonly Certificate[]): Promise<void> {
    const problems = scopes.flatMap(problemsOf);
    if (problems.length > 0) throw refused(problems);
    await this.#keep(certificates);
    const text = this.#part(scopes, certificates, this.generation + 1);
    if (!this.#isWhole) {
      await this.#tryInPlace(text);
      return;
    }
    const part = `${this.#paths.partFile}.check`;
    const whole = `${this.#paths.mainFile}.check`;
    await writeWhole(part, text);
    await writeWhole(whole, this.#whole(part));
    try {
      await this.#run(['-t', '-q', '-c', whole]);
    } finally {
      await rm(part, { force: true });
      await rm(whole, { force: true });
    }
  }

  /** Puts scopes in place; with null what says that routes were lost. nginx does not know of it yet. */
  async put(scopes: readonly StoredScope[] | null, certificates: readonly Certificate[]): Promise<void> {
    await this.#keep(certificates);
    await writeWhole(this.#paths.partFile, this.#part(scopes, certificates, this.generation + 1));
  }

  /** Copies of certificates that the configuration in place does not name. */
  async forgetCertificates(): Promise<void> {
    const { certificates, partFile } = this.#paths;
    const text = textOf(partFile);
    for (const name of await readdir(certificates))
      if (!text.includes(name)) await rm(join(certificates, name), { force: true });
  }

  /** @throws CodedError `traffic/configuration-refused` when nginx refuses the user's own configuration, or it does not take in our part. */
  async requireInclude(): Promise<void> {
    if (this.#isWhole) return;
    const { stdout } = await this.#run(['-T', '-q', '-c', this.#paths.mainFile]);
    if (stdout.split('\n').some((line) => headPattern.test(line))) return;
    throw new CodedError(
      'traffic/configuration-refused',
      `${this.#paths.mainFile} does not take in Slipway's part`,
      { help: `put this line within http { }: include ${this.#settings.folder}/*.conf;` },
    );
  }

  #part(
    scopes: readonly StoredScope[] | null,
    certificates: readonly Certificate[],
    generation: number,
  ): string {
    const { tls, maxBodyBytes, trustedProxies, responseTimeoutMs, listen } = this.#settings;
    const key = sessionKey(`${this.#settings.stateFile}.key`);
    const named = (scopes ?? []).map(({ routes }): NamedScope => {
      return {
        key: scopeKey(routes.scope),
        routes,
        token: (revision) => revisionToken(key, routes.scope, revision),
      };
    });
    const body = renderPart(
      named,
      {
        listen: addressText(listen),
        tls: tls && {
          listen: addressText(tls.listen),
          port: tls.listen.port,
          certificates: certificates.map((one) => this.#copied(one)),
        },
        isWhole: this.#isWhole,
        pagesFolder: this.#paths.pages,
        accessLog: this.#paths.accessLog,
        statusSocket: this.#paths.statusSocket,
        closingFile: this.closingFile(generation),
        responseTimeoutMs,
        trustedProxies,
        acmeThumbprint: this.#settings.acmeThumbprint,
        serverLines: serverLines({ maxBodyBytes, trustedProxies }),
      },
      scopes ? 'unknownHost' : 'stateDamaged',
    );
    return `# Written by Slipway, generation ${generation}; changes here are overwritten.\n\n${body}`;
  }

  #whole(partFile: string): string {
    const { run: runFolder, pidFile, errorLog } = this.#paths;
    return renderWhole({ partFile, runFolder, pidFile, errorLog, openFiles: openFiles() });
  }

  /** nginx reads copies, which nobody replaces by half or with something else than was tested. */
  #copied(certificate: Certificate): Certificate {
    const mark = createHash('sha256')
      .update(certificate.chain)
      .update(certificate.key)
      .digest('hex')
      .slice(0, 24);
    const file = join(this.#paths.certificates, `${mark}.pem`);
    return { ...certificate, chainFile: file, keyFile: file };
  }

  async #keep(certificates: readonly Certificate[]): Promise<void> {
    for (const one of certificates)
      await writeWhole(this.#copied(one).chainFile, `${one.chain.trimEnd()}\n${one.key}`);
  }

  /** The user's own configuration takes in what lies in place, so that is what must be tested. */
  async #tryInPlace(text: string): Promise<void> {
    const { partFile } = this.#paths;
    const before = textOf(partFile);
    await writeWhole(partFile, text);
    try {
      await this.requireInclude();
    } finally {
      if (before === '') await rm(partFile, { force: true });
      else await writeWhole(partFile, before);
    }
  }

  async #run(flags: string[]): Promise<{ stdout: string }> {
    try {
      return await run(this.#program, ['-e', 'stderr', ...flags], {
        timeout: testTimeoutMs,
        maxBuffer: 64 * 1024 * 1024,
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
      });
    } catch (error) {
      const { stderr = '' } = error as { stderr?: string };
      const words = stderr.split('\n').filter((line) => /\[(emerg|alert|crit|error)\]/.test(line));
      throw refused(words.length > 0 ? words : [messageOf(error)], error);
    }
  }
}

/** What nginx cannot be told, or would understand otherwise. */
function problemsOf({ routes }: StoredScope): string[] {
  return [
    ...routes.revisions.flatMap(({ endpoints }) =>
      endpoints
        .filter(({ host }) => isIP(host) === 0)
        .map(({ instance, host }) => `the address of "${instance}" is not an IP address: ${host}`),
    ),
    ...routes.pins.flatMap(({ by }) =>
      by.kind === 'header' && by.name.includes('_')
        ? [`nginx cannot tell the header "${by.name}" from the same with "-"`]
        : [],
    ),
  ];
}

function refused(notes: string[], cause?: unknown): CodedError {
  return new CodedError('traffic/configuration-refused', `nginx refuses its configuration: ${notes[0]}`, {
    notes,
    help: 'nothing was changed; the routes before are still in force',
    cause,
  });
}

function addressText({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function openFiles(): number {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(textOf('/proc/self/limits'))?.[1];
  return Math.min(65_536, Number(hard ?? 1_024));
}
