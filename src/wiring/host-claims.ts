import type { EnvironmentState } from '../delivery/index.ts';

/** Host names that an environment serves, or is about to. */
export interface HostClaim {
  scope: string;
  hosts: string[];
}

/** The claims of environments; one that has gone down claims nothing. */
export function hostClaims(states: EnvironmentState[]): HostClaim[] {
  return states.map(({ scope, stable, rollout, queue }) => {
    const revisions = [stable, rollout?.candidate, ...queue.map(({ revision }) => revision)];
    return { scope, hosts: revisions.flatMap((revision) => revision?.hosts ?? []) };
  });
}

/** The first host that another environment has already, and which one; `*` is nobody's alone. */
export function takenHost(
  hosts: string[],
  scope: string,
  claims: HostClaim[],
): { host: string; by: string } | null {
  for (const claim of claims) {
    if (claim.scope === scope) continue;
    const host = hosts.find((one) => one !== '*' && claim.hosts.includes(one));
    if (host !== undefined) return { host, by: claim.scope };
  }
  return null;
}
