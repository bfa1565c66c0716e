import { CodedError, renderFindings, type Finding, type Sources } from '../diagnostics/index.ts';
import { exitCodes } from './exit-codes.ts';

/** Mistakes in the user's files or words, with everything that prints them. */
export class Mistake extends Error {
  readonly findings: readonly Finding[];
  readonly sources: Sources;

  constructor(findings: readonly Finding[], sources: Sources = new Map()) {
    super(findings.map(({ message }) => message).join('; '));
    this.findings = findings;
    this.sources = sources;
  }
}

/** A throw as people and scripts are told about it. */
export interface Trouble {
  findings: readonly Finding[];
  sources: Sources;
  exitCode: number;
}

/** Rules say no with these: forbidden, conflict, locked. */
const refusedStatuses = [403, 409, 423];
/** These codes speak of what the user has or wrote, not of what failed. */
const usersOwn =
  /^(?:(?:app|cli|local|source|workflow|expressions|secrets|flags)\/|wiring\/(?:no-such-job|bad-router-setting)|server\/bad-host)/;

/** Sorts out any throw: findings of users, coded failures, bugs. */
export function troubleOf(error: unknown): Trouble {
  if (carriesFindings(error)) {
    const refused = refusedStatuses.includes(error.status ?? 0);
    return {
      findings: error.findings,
      sources: sourcesOf(error.sources),
      exitCode: refused ? exitCodes.refused : exitCodes.usage,
    };
  }
  if (error instanceof CodedError) {
    return { findings: [error.toFinding()], sources: new Map(), exitCode: codeOf(error) };
  }
  if (isDiskFull(error))
    return { findings: [diskFull(error)], sources: new Map(), exitCode: exitCodes.failed };
  if (isDenied(error)) return { findings: [noAccess(error)], sources: new Map(), exitCode: exitCodes.failed };
  return { findings: [bug(error)], sources: new Map(), exitCode: exitCodes.failed };
}

/** The findings as text, with one empty line between. */
export function troubleText({ findings, sources }: Trouble, color: boolean): string {
  return `${renderFindings(findings, { sources, color })}\n`;
}

function carriesFindings(
  error: unknown,
): error is { findings: Finding[]; sources?: unknown; status?: number } {
  return error instanceof Error && 'findings' in error && Array.isArray(error.findings);
}

/** The wiring speaks of texts as an object, as JSON does. */
function sourcesOf(sources: unknown): Sources {
  if (sources instanceof Map) return sources as Sources;
  return new Map(Object.entries((sources ?? {}) as Record<string, string>));
}

function codeOf({ code }: CodedError): number {
  if (code === 'server/unreachable') return exitCodes.unreachable;
  if (code === 'source/git-failed' || code.endsWith('/disk-full')) return exitCodes.failed;
  return usersOwn.test(code) ? exitCodes.usage : exitCodes.failed;
}

function isDiskFull(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

function diskFull({ message, path }: NodeJS.ErrnoException): Finding {
  return {
    code: 'cli/disk-full',
    severity: 'error',
    message: 'no space is left on the disk',
    notes: [path === undefined || message.includes(path) ? message : `${message}: ${path}`],
    help: 'free some space ("df -h" shows where), then try again',
  };
}

function isDenied(error: unknown): error is NodeJS.ErrnoException {
  return (
    error instanceof Error && 'code' in error && ['EACCES', 'EPERM', 'EROFS'].includes(String(error.code))
  );
}

function noAccess({ message, path }: NodeJS.ErrnoException): Finding {
  return {
    code: 'cli/no-access',
    severity: 'error',
    message: path === undefined ? 'the system does not allow it' : `the system does not let you use ${path}`,
    notes: [message],
    help: 'give yourself access to it, or keep what Slipway writes elsewhere: --home <dir> or SLIPWAY_HOME',
  };
}

function bug(error: unknown): Finding {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: 'cli/bug',
    severity: 'error',
    message: 'this is a mistake in Slipway, not yours',
    notes: text.split('\n').map((line) => line.trim()),
    help: 'report it with these lines and what you did',
  };
}
