import { join } from 'node:path';
import type { AgentSettings } from '../agent/settings.ts';
import type { Certificate } from '../certificate-folder.ts';
import type { PageName } from './pages-server.ts';

/** What the configuration depends on besides routes. */
export interface DynamicParts {
  settings: Pick<AgentSettings, 'tls' | 'responseTimeoutMs' | 'acmeThumbprint' | 'trustedProxies'>;
  /** Whether Traefik serves nothing else. */
  isWhole: boolean;
  /** Copies that only Traefik's user may read. */
  certificates: readonly (Certificate & { copy: CertificateCopy })[];
  sessionKey: Buffer;
  /** Where the agent serves pages. */
  pagesPort: number;
  /** Tells this configuration from all others. */
  generation: string;
  /** Known to nobody else. */
  markHost: string;
}

export interface CertificateCopy {
  certFile: string;
  keyFile: string;
}

/** Answers every mark with the generation that is in force. */
export const generationHeader = 'X-Slipway-Generation';
/** Names of what all scopes share. */
export const shared = {
  nothing: 'slipway-nothing',
  pages: 'slipway-pages',
  transport: 'slipway-transport',
  clean: 'slipway-clean',
  secure: 'slipway-hsts',
  redirect: 'slipway-to-tls',
  page: (page: PageName) => `slipway-page-${page}`,
} as const;

/** Copies of a certificate are named by what is in them: a renewal is a change of the configuration. */
export function copyOf(folder: string, mark: string): CertificateCopy {
  return { certFile: join(folder, `${mark}.crt`), keyFile: join(folder, `${mark}.key`) };
}

/** How our routers speak TLS; the options of the user's own routers are theirs. */
export function tlsOf({ isWhole }: DynamicParts): { options?: string } {
  return isWhole ? {} : { options: 'slipway' };
}
