/**
 * What an environment of another server is called on this machine: `shop/production` of the home 3f2a9c1d… is
 * `shop.3f2a9c1d/production`. No app's name has a dot, so a server can neither reach what this machine serves itself nor
 * what a third one has here, and each has fences of its own.
 */
export function guestScope(home: string, scope: string): string {
  const [app = '', environment = ''] = scope.split('/');
  return `${app}.${home.slice(0, 8)}/${environment}`;
}

/** Whose an environment on this machine is: the first letters of a home elsewhere; null for this machine's own. */
export function guestPart(scope: string): string | null {
  return /^[^/]*\.([0-9a-f]{8})\//.exec(scope)?.[1] ?? null;
}
