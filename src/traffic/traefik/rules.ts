import type { Pin } from '../../delivery/index.ts';

/**
 * Priorities by what a rule is about: the higher one decides. Each tier has room for the pins of a scope above it. Beside
 * routers of the user's own, which have no more than the length of their rule, `*` comes last.
 */
export const tiers = { mark: 5_000_000, challenge: 4_000_000, host: 2_000_000, rest: 1_000_000, nobody: 1 };

/** A rule that matches any of these hosts; `*` matches all, `*.example.com` one label more. */
export function hostsRule(hosts: readonly string[]): string {
  if (hosts.includes('*')) return 'PathPrefix(`/`)';
  return hosts.map(hostRule).join(' || ');
}

function hostRule(host: string): string {
  if (host.startsWith('*.')) return `HostRegexp(\`^[^.]+${exactly(host.slice(1))}$\`)`;
  return `Host(\`${host}\`)`;
}

/** A rule that matches what is pinned by a header or cookie. */
export function pinRule(by: Exclude<Pin['by'], { kind: 'host' }>): string {
  if (by.kind === 'header') return `Header(\`${by.name}\`, \`${by.value}\`)`;
  return `HeaderRegexp(\`Cookie\`, \`(?:^|;\\s*)${exactly(by.name)}=${exactly(by.value)}\\s*(?:;|$)\`)`;
}

export function both(left: string, right: string): string {
  return `(${left}) && (${right})`;
}

/** A pattern that matches a text and nothing else. */
function exactly(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
