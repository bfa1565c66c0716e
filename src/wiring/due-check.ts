import type { RequestCheck } from '../app/index.ts';
import {
  checkHeader,
  type CommandObservation,
  type DueCheck,
  type InstanceObservation,
  type Rollout,
} from '../delivery/index.ts';
import { requestFailure } from './request-check.ts';

/** Where the router takes the requests of users. */
export interface PublicAddress {
  host: string;
  port: number;
  /** The same over TLS, for the hosts that it has certificates for. */
  https?: { host: string; port: number; covers(host: string): boolean };
}

/** Asks what the check that is due asks: each copy of the candidate that has an address, or the public address. */
export async function askCheck(
  { check, asks }: DueCheck & { check: { kind: 'request'; request: RequestCheck } },
  rollout: Rollout,
  { instances, address }: { instances: InstanceObservation[]; address: PublicAddress },
): Promise<CommandObservation> {
  const { request } = check;
  const { candidate } = rollout;
  const timeoutMs = candidate.health.probeTimeoutMs;
  const copies = instances.filter(({ revision, port }) => revision === candidate.id && port !== null);
  if (asks === 'copies' && copies.length === 0)
    return { state: 'unmet', why: 'no copy has an address', logTail: [] };
  const asked =
    asks === 'public'
      ? [{ ...publicPlace(candidate.hosts, address), headers: { [checkHeader]: rollout.id }, of: '' }]
      : copies.map(({ id, host, port }) => ({
          host,
          port: port ?? 0,
          headers: {},
          of: `${id}: `,
          name: 'localhost',
          tls: false,
        }));
  for (const { of, ...place } of asked) {
    const failure = await requestFailure({ ...place, check: request, timeoutMs });
    if (failure) return { state: 'unmet', why: `${of}${failure.why}`, logTail: failure.logTail };
  }
  return { state: 'exited', code: 0, logTail: [] };
}

/** As users ask, from this machine: by the name of the app, over TLS where that has a certificate. */
function publicPlace(
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
