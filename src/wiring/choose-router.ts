import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { connect, isIP } from 'node:net';
import { isAbsolute, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CodedError } from '../diagnostics/index.ts';
import { abilities, authorities, findProgram, loadState } from '../traffic/index.ts';
import { layoutOf, type Layout } from './layout.ts';
import { unfitRoutes } from './router-fit.ts';
import {
  keepRouterSettings,
  routerSettings,
  type RouterKind,
  type RouterSettings,
} from './router-settings.ts';

/** What somebody says about the router at a start; what is left out stays as it was. */
export interface RouterWish {
  router?: RouterKind;
  /** `0.0.0.0:443`, or `off`. */
  https?: string;
  /** Folder of certificates; `certificates` in the home when nobody ever named one. */
  certificates?: string;
  /** Each replaces all before; `none` alone empties the list. */
  ownConfig?: string[];
  trustProxy?: string[];
  /** A name out of `authorities`, the address of a directory, or `off`. */
  acme?: string;
  acmeEmail?: string;
  acmeRoot?: string;
}

/**
 * Remembers how the router of a home is wanted from the next start of its server on. Routes stay: every router reads
 * the same file.
 *
 * @param cwd - What relative paths of the wish mean.
 * @throws CodedError `traffic/not-installed`, `wiring/bad-router-setting`; `wiring/router-in-use` when a server runs
 * with other settings.
 */
export async function chooseRouter(home: string, wish: RouterWish, cwd: string): Promise<void> {
  if (Object.values(wish).every((one) => one === undefined)) return;
  const layout = layoutOf(home);
  const before = await routerSettings(layout);
  const wanted = await settled(before, wish, { cwd, home });
  if (isDeepStrictEqual(before, wanted)) return;
  if (await answers(layout.serverSocket))
    throw new CodedError('wiring/router-in-use', `the server runs already, with ${spoken(before)}`, {
      notes: [`asked for: ${spoken(wanted)}`],
      help: `stop it first (apps go on): slipway down && slipway up ${flagsOf(wish).join(' ')}`,
    });
  if (wanted.kind !== before.kind) await requireFit(wanted, layout);
  await prepareFolder(wanted, layout);
  await keepRouterSettings(layout, wanted);
}

/** The settings with a wish on top; refuses what could not be started. */
async function settled(
  before: RouterSettings,
  wish: RouterWish,
  { cwd, home }: { cwd: string; home: string },
): Promise<RouterSettings> {
  const kind = wish.router ?? before.kind;
  const wanted = {
    kind,
    program: programOf(kind, before),
    tls: tlsOf(before, wish, { cwd, home }),
    ownConfig: listOf(wish.ownConfig, before.ownConfig).map((file) => pathOf(file, cwd)),
    trustedProxies: listOf(wish.trustProxy, before.trustedProxies),
    acme: acmeOf(before, wish, cwd),
  };
  for (const range of wanted.trustedProxies) requireRange(range);
  if (wanted.ownConfig.length > 0 && kind === 'embedded')
    throw bad(`the embedded router takes no configuration of yours: ${wanted.ownConfig[0]}`, [
      'leave it out (--own-config none), or take a router that does: slipway up --router haproxy',
    ]);
  requireOneFront(wanted);
  for (const file of wanted.ownConfig) await requireReadable(file);
  if (wanted.acme && !wanted.tls)
    throw bad('certificates serve nobody without TLS', [
      'say where it is spoken: slipway up --https 0.0.0.0:443, or obtain none: slipway up --acme off',
    ]);
  if (wanted.acme?.rootFile != null) await requireReadable(wanted.acme.rootFile);
  return wanted;
}

/** A Caddy of the user's is in front of ours as a whole: what it speaks and whom it trusts stands in its own file. */
function requireOneFront({ kind, ownConfig, tls, trustedProxies }: RouterSettings): void {
  if (kind !== 'caddy' || ownConfig.length === 0) return;
  if (ownConfig.length > 1)
    throw bad(`Caddy takes one configuration of yours, not ${ownConfig.length}`, [
      'name the one that imports the others: slipway up --own-config FILE',
    ]);
  if (tls || trustedProxies.length > 0)
    throw bad('TLS and proxies before a Caddy of yours are for its own configuration to say', [
      `write them into ${ownConfig[0]}, and leave them out here: slipway up --https off --acme off --trust-proxy none`,
    ]);
}

function programOf(kind: RouterKind, before: RouterSettings): string | null {
  if (kind === 'embedded') return null;
  return kind === before.kind && before.program !== null ? before.program : findProgram(kind);
}

function tlsOf(
  before: RouterSettings,
  { https, certificates }: RouterWish,
  { cwd, home }: { cwd: string; home: string },
): RouterSettings['tls'] {
  if (https === 'off' || (https === undefined && before.tls === null)) {
    if (certificates === undefined) return null;
    throw bad(`certificates serve nobody without TLS: ${certificates}`, [
      'say where it is spoken: slipway up --https 0.0.0.0:443',
    ]);
  }
  const folder =
    certificates === undefined
      ? (before.tls?.certificates ?? join(home, 'certificates'))
      : pathOf(certificates, cwd);
  const at = https === undefined ? before.tls : addressOf(https);
  if (at === null) throw new Error('TLS has no address');
  return { host: at.host, port: at.port, certificates: folder };
}

function acmeOf(
  before: RouterSettings,
  { acme, acmeEmail, acmeRoot }: RouterWish,
  cwd: string,
): RouterSettings['acme'] {
  if (acme === 'off' || (acme === undefined && before.acme === null)) {
    if (acmeEmail === undefined && acmeRoot === undefined) return null;
    throw bad('no authority is named to obtain certificates from', [
      'name one: slipway up --acme letsencrypt',
    ]);
  }
  const email = acmeEmail ?? before.acme?.email ?? null;
  const root = acmeRoot === undefined ? (before.acme?.rootFile ?? null) : pathOf(acmeRoot, cwd);
  return {
    directory: acme === undefined ? (before.acme?.directory ?? '') : directoryOf(acme),
    email: email === 'none' ? null : email,
    rootFile: acmeRoot === 'none' ? null : root,
  };
}

function directoryOf(text: string): string {
  const directory = authorities[text] ?? text;
  if (URL.canParse(directory) && new URL(directory).protocol === 'https:') return directory;
  throw bad(`"${text}" is no certificate authority`, [
    `write ${Object.keys(authorities).join(', ')}, the https address of an ACME directory, or off`,
  ]);
}

function listOf(wish: string[] | undefined, before: string[]): string[] {
  if (wish === undefined) return before;
  return wish.filter((one) => one !== 'none');
}

function pathOf(path: string, cwd: string): string {
  return isAbsolute(path) ? path : resolve(cwd, path);
}

function addressOf(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:\s]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port };
  throw bad(`"${text}" is not an address to speak TLS at`, ['write HOST:PORT, such as 0.0.0.0:443, or off']);
}

function requireRange(text: string): void {
  const [address = '', bits] = text.split('/');
  const version = isIP(address);
  const most = version === 4 ? 32 : 128;
  if (version !== 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))) return;
  throw bad(`"${text}" is neither an address nor a range of addresses`, [
    'write it like 10.0.0.0/8 or 2001:db8::1, or none',
  ]);
}

async function requireReadable(file: string): Promise<void> {
  await access(file, constants.R_OK).catch((error: Error) => {
    throw bad(`the configuration of yours cannot be read: ${error.message}`, [
      'name a file that this user may read: slipway up --own-config FILE',
    ]);
  });
}

/** What the apps have in force must go on as it is. */
async function requireFit({ kind }: RouterSettings, { router }: Layout): Promise<void> {
  const { scopes } = await loadState(router.state);
  const unfit = scopes.flatMap(({ routes }) => unfitRoutes(routes, abilities[kind]));
  if (unfit.length === 0) return;
  throw new CodedError('wiring/router-cannot', `the ${kind} router cannot do what runs here asks for`, {
    notes: unfit,
    help: 'keep the router that is there, or ship the app without it first',
  });
}

/** Our own folder is made, for its owner alone; one of somebody else's must be there. */
async function prepareFolder({ tls }: RouterSettings, { home }: Layout): Promise<void> {
  if (!tls) return;
  if (tls.certificates === join(home, 'certificates'))
    await mkdir(tls.certificates, { recursive: true, mode: 0o700 });
  await access(tls.certificates, constants.R_OK | constants.X_OK).catch((error: Error) => {
    throw bad(`the certificates cannot be read: ${error.message}`, [
      'make the folder, or name another: slipway up --certificates DIR',
    ]);
  });
}

function bad(message: string, help: [string]): CodedError {
  return new CodedError('wiring/bad-router-setting', message, { help: help[0] });
}

/** Settings in a sentence. */
function spoken({ kind, tls, ownConfig, trustedProxies, acme }: RouterSettings): string {
  return [
    `the ${kind} router`,
    tls ? `TLS at ${tls.host}:${tls.port} with ${tls.certificates}` : 'no TLS',
    ...(acme ? [`certificates from ${acme.directory}`] : []),
    ...(ownConfig.length > 0 ? [`your configuration ${ownConfig.join(', ')}`] : []),
    ...(trustedProxies.length > 0 ? [`proxies ${trustedProxies.join(', ')}`] : []),
  ].join(', ');
}

function flagsOf(wish: RouterWish): string[] {
  return Object.entries(wish).flatMap(([name, value]: [string, string | string[] | undefined]) => {
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return [value ?? []].flat().map((one) => `${flag} ${one}`);
  });
}

function answers(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const connection = connect(socket, () => done(true));
    connection.once('connect', () => connection.destroy());
    connection.once('error', () => done(false));
  });
}
