import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { programKinds, type Authority, type ProgramKind } from '../traffic/index.ts';
import type { Layout } from './layout.ts';

/** Who takes users' requests: the router that needs nothing installed, or a program of others behind its agent. */
export const routerKinds = ['embedded', ...programKinds] as const;
export type RouterKind = 'embedded' | ProgramKind;

/** How a home's router is started; kept beside its routes, so that each later start is like the one before. */
export interface RouterSettings {
  kind: RouterKind;
  /** Where the program was found when it was chosen; null for the embedded router. */
  program: string | null;
  /** Null serves plain HTTP only. */
  tls: { host: string; port: number; certificates: string } | null;
  /** Files of the user's own configuration, which the router's part is added to. */
  ownConfig: string[];
  /** Addresses or ranges whose X-Forwarded-* headers are believed. */
  trustedProxies: string[];
  /** Who certificates are obtained from; null leaves that to others. */
  acme: Authority | null;
}

const first: RouterSettings = {
  kind: 'embedded',
  program: null,
  tls: null,
  ownConfig: [],
  trustedProxies: [],
  acme: null,
};

/** The settings of a home: the embedded router over plain HTTP until somebody says otherwise. */
export async function routerSettings(layout: Layout): Promise<RouterSettings> {
  const text = await readFile(layout.router.settings, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  return { ...first, ...(JSON.parse(text) as Partial<RouterSettings>) };
}

/** A crash at any moment leaves the settings before or the new ones. */
export async function keepRouterSettings(layout: Layout, settings: RouterSettings): Promise<void> {
  const file = layout.router.settings;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.${process.pid}`, `${JSON.stringify(settings, null, 2)}\n`, {
    mode: 0o600,
    flush: true,
  });
  await rename(`${file}.${process.pid}`, file);
}
