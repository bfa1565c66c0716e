/** Where a router takes the requests of users. */
export interface PublicAddress {
  host: string;
  port: number;
  /** The same over TLS, for the hosts that it has certificates for. */
  https?: { host: string; port: number; covers(host: string): boolean };
}

/** As users ask, from the machine of the router: by the name of the app, over TLS where that has a certificate. */
export function publicPlace(
  hosts: string[],
  address: PublicAddress,
): { host: string; port: number; name: string; tls: boolean } {
  // An app that answers to every name takes any.
  const name = hosts.find((host) => host !== '*') ?? 'localhost';
  const { https } = address;
  const tls = https?.covers(name) === true;
  const { host, port } = https && tls ? https : address;
  return { host: host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port, name, tls };
}
