import {
  CertificateKeeper,
  covers,
  everyHost,
  type AcmeAccount,
  type Authority,
  type CertificateWatch,
  type EmbeddedRouter,
} from '../traffic/index.ts';
import type { Store } from '../store/index.ts';
import { environmentStates } from './environments.ts';
import { layoutOf } from './layout.ts';
import type { Listen } from './router-process.ts';
import type { RouterSettings } from './router-settings.ts';

/** Obtains certificates for whatever hosts the apps have in force. */
export function certificateKeeper(
  { acme, tls }: { acme: Authority; tls: NonNullable<RouterSettings['tls']> },
  parts: {
    account: AcmeAccount;
    watch: CertificateWatch;
    router: EmbeddedRouter;
    store: Store;
    home: string;
    log: (entry: { level: 'info' | 'error'; message: string }) => void;
  },
): CertificateKeeper {
  const { account, watch, router, store, home, log } = parts;
  return new CertificateKeeper({
    authority: acme,
    accountKey: account.key,
    folder: tls.certificates,
    watch,
    attemptsFile: layoutOf(home).acme.attempts,
    hosts: async () => {
      const states = await environmentStates(store);
      const routed = await Promise.all(states.map(({ scope }) => router.observe(scope)));
      return routed.flatMap(({ routes }) => (routes ? everyHost(routes) : []));
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
