import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';

/** Routers that are programs of others. */
export const programKinds = ['haproxy', 'nginx'] as const;
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
  return `install it: "apt-get install ${kind}" (Debian, Ubuntu), "dnf install ${kind}" (Fedora, RHEL), "apk add ${kind}" (Alpine); or take the one that needs nothing: slipway up --router embedded`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
