/** Names of apps and environments: part of host names, folders and scopes. */
export const namePattern = '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$';

/** Names of process types, as Procfiles elsewhere allow them. */
export const processNamePattern = '^[A-Za-z][A-Za-z0-9_-]*$';

/** Names of services, as Compose allows them, or of process types. */
export const serviceNamePattern = '^[A-Za-z0-9][A-Za-z0-9._-]*$';

/** Names of environment variables and of secrets. */
export const variablePattern = '^[A-Za-z_][A-Za-z0-9_]*$';

/** A host name in lower case without port, or `*` for every host that nobody else names. */
export const hostPattern =
  '^(?:\\*|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*)$';

const sshUser = '(?:[A-Za-z0-9_][A-Za-z0-9._-]*@)?';
const sshName = '[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?';

/** A destination of ssh; a port stands only in its long form, as for ssh itself. */
export const machinePattern = `^(?:${sshUser}(?:${sshName}|[0-9a-fA-F]*:[0-9a-fA-F:.]+)|ssh://${sshUser}(?:${sshName}|\\[[0-9a-fA-F:.]+\\])(?::[0-9]{1,5})?)$`;

/** Makes an app's name out of a folder's or package's: `@acme/My App` becomes `my-app`; empty when nothing is left. */
export function nameFrom(text: string): string {
  return text
    .replace(/^@[^/]*\//, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '');
}
