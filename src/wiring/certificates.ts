import {
  CertificateKeeper,
  covers,
  everyHost,
  loadState,
  type AcmeAccount,
  type Authority,
  type CertificateWatch,
} from '../traffic/index.ts';
import type { Layout } from './layout.ts';
import type { Listen } from './router-process.ts';
import type { RouterSettings } from './router-settings.ts';

/** Obtains certificates for whatever hosts the router answers. */
export function certificateKeeper(
  { acme, tls }: { acme: Authority; tls: NonNullable<RouterSettings['tls']> },
  parts: {
    account: AcmeAccount;
    watch: CertificateWatch;
    layout: Layout;
    log: (entry: { level: 'info' | 'error'; message: string }) => void;
  },
): CertificateKeeper {
  const { account, watch, layout, log } = parts;
  return new CertificateKeeper({
    authority: acme,
    accountKey: account.key,
    folder: tls.certificates,
    watch,
    attemptsFile: layout.acme.attempts,
    // Those of other servers' apps that have copies here are among them.
    hosts: async () => {
      const { scopes } = await loadState(layout.router.state);
      return scopes.flatMap(({ routes }) => everyHost(routes));
    },
    onObtained: (host) => log({ level: 'info', message: `obtained a certificate for ${host}` }),
    onFailed: (_host, error) => log({ level: 'error', message: String(error) }),
  });
}

/** Where users are answered, over TLS for the hosts that there is a certificate for. */
export function withTls(
  { host, port }: Listen,
  tls: RouterSettings['tls'],
  certificates: CertificateWatch | null,
): Listen {
  if (!tls || !certificates) return { host, port };
  const covered = (name: string) => certificates.certificates.some((one) => covers(one, name));
  return { host, port, https: { host: tls.host, port: tls.port, covers: covered } };
}
