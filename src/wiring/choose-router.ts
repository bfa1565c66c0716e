import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { findProgram, programKinds, type ProgramKind } from '../traffic/index.ts';
import { layoutOf, type Layout } from './layout.ts';

/** Who takes users' requests: the router that needs nothing installed, or a program of others behind its agent. */
export const routerKinds = ['embedded', ...programKinds] as const;
export type RouterKind = 'embedded' | ProgramKind;

/**
 * Remembers the router of a home from the next start of its server on. Routes stay: every router reads the same file.
 *
 * @throws CodedError `traffic/not-installed`; `wiring/router-in-use` when a server runs with another one.
 */
export async function chooseRouter(home: string, kind: RouterKind): Promise<void> {
  const layout = layoutOf(home);
  if (kind !== 'embedded') findProgram(kind);
  const before = await rememberedRouter(layout);
  if (before === kind) return;
  if (await answers(layout.serverSocket))
    throw new CodedError('wiring/router-in-use', `the server runs already, with the ${before} router`, {
      help: `stop it first (apps go on): slipway down && slipway up --router ${kind}`,
    });
  const file = choiceFile(layout);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.${process.pid}`, `${kind}\n`, { mode: 0o600, flush: true });
  await rename(`${file}.${process.pid}`, file);
}

/** The router that a home has: the embedded one until somebody says otherwise. */
export async function rememberedRouter(layout: Layout): Promise<RouterKind> {
  const text = await readFile(choiceFile(layout), 'utf8').catch(() => '');
  return routerKinds.find((kind) => kind === text.trim()) ?? 'embedded';
}

function choiceFile(layout: Layout): string {
  return `${layout.router.state}.kind`;
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket, () => resolve(true));
    connection.once('connect', () => connection.destroy());
    connection.once('error', () => resolve(false));
  });
}
