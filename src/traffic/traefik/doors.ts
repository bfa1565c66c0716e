import { covers, type Certificate } from '../certificate-folder.ts';

/** Hosts of a scope by how they are reached. */
export type Door =
  | { kind: 'plain'; hosts: string[] }
  /** Clear text for hosts that have a certificate: sent to TLS. */
  | { kind: 'redirect'; hosts: string[] }
  | { kind: 'secure'; hosts: string[] };

/**
 * Which hosts speak TLS. `*` is opened by every certificate for names that no scope has for itself.
 *
 * @param taken - Hosts that some scope names.
 */
export function doorsFor(
  hosts: readonly string[],
  certificates: readonly Certificate[],
  taken: ReadonlySet<string>,
): Door[] {
  const own = hosts.filter((host) => certificates.some((one) => covers(one, host)));
  const others = hosts.includes('*')
    ? certificates.flatMap(({ names }) => names.filter((name) => !taken.has(name)))
    : [];
  const secure = [...new Set([...own, ...others])];
  const plain = hosts.filter((host) => !secure.includes(host));
  return [
    ...(plain.length > 0 ? [{ kind: 'plain' as const, hosts: plain }] : []),
    ...(secure.length > 0
      ? [
          { kind: 'redirect' as const, hosts: secure },
          { kind: 'secure' as const, hosts: secure },
        ]
      : []),
  ];
}
