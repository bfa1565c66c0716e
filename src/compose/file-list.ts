import { didYouMean, type Span } from '../diagnostics/index.ts';
import { readEnvText } from './dot-env.ts';
import { Findings } from './findings.ts';
import type { Lookup } from './interpolate.ts';
import { joinPath, leavesRoot } from './paths.ts';
import type { ComposeSources } from './service.ts';
import { composeFileNames, usualComposeFiles } from './usual-files.ts';

/** A Compose file of a project, and who names it. */
export interface NamedFile {
  /** From the root of the repository. */
  path: string;
  at: Span;
}

interface Project {
  /** Those that the caller names; null where it leaves that to the repository. */
  files: readonly string[] | null;
  sources: ComposeSources;
  lookup: Lookup;
  findings: Findings;
}

/**
 * The files that a project is made of, in the order that `docker compose` has: those that the caller names, else those of
 * COMPOSE_FILE, else the usual ones with their override.
 *
 * @see https://docs.docker.com/compose/how-tos/environment-variables/envvars/
 */
export function projectFiles({ files, sources, lookup, findings }: Project): NamedFile[] {
  if (files !== null) {
    noteUnread(files, lookup, sources, findings);
    return files.map((path) => ({ path, at: beginningOf(path) }));
  }
  const listed = lookup('COMPOSE_FILE');
  if (listed !== undefined) return listedFiles(listed, { sources, lookup, findings });
  const usual = usualComposeFiles((path) => sources.read(path) !== null);
  if (usual.length === 0)
    findings.error('compose/no-file', 'there is no Compose file at the root', beginningOf('compose.yaml'), {
      notes: [`looked for: ${composeFileNames.slice(0, 4).join(', ')}`],
      help: 'commit one, or name others in .env: COMPOSE_FILE=deploy/compose.yaml',
    });
  return usual.map((path) => ({ path, at: beginningOf(path) }));
}

/** Whether a `.env` says which Compose files there are. */
export function namesComposeFiles(dotEnv: string): boolean {
  const file = { path: '.env', text: dotEnv, lookup: () => undefined };
  return readEnvText(file, new Findings()).has('COMPOSE_FILE');
}

function listedFiles(listed: string, { sources, lookup, findings }: Omit<Project, 'files'>): NamedFile[] {
  const at = placeOfVariable('COMPOSE_FILE', sources);
  const separator = lookup('COMPOSE_PATH_SEPARATOR') || ':';
  return listed.split(separator).flatMap((written) => {
    const path = joinPath('', written);
    if (written === '' || written.startsWith('/') || leavesRoot(path)) {
      refuse(written, at, findings);
      return [];
    }
    if (sources.read(path) !== null) return [{ path, at }];
    const near = didYouMean(
      path,
      composeFileNames.filter((name) => sources.read(name) !== null),
    );
    const others = [',', ';', ':'].find((one) => one !== separator && written.includes(one));
    findings.error('compose/no-file', `COMPOSE_FILE names "${written}", and there is no such file`, at, {
      notes: ['files that are not in the commit are not there for Slipway'],
      help:
        others !== undefined
          ? `put "${separator}" between the names, or say COMPOSE_PATH_SEPARATOR=${others}`
          : near === undefined
            ? 'commit it, or mend its name'
            : `did you mean "${near}"?`,
    });
    return [];
  });
}

function refuse(written: string, at: Span, findings: Findings): void {
  if (written === '')
    return findings.error('compose/bad-value', 'COMPOSE_FILE has an empty name among its files', at, {
      help: 'take the separator out that stands too much, or the whole line',
    });
  return findings.error('compose/bad-value', `COMPOSE_FILE names "${written}", outside of the commit`, at, {
    notes: ['a release is made of one commit and nothing beside it'],
    help: 'commit the file, and write its path from the root of the repository',
  });
}

/** As with `docker compose -f`, the list that is given wins; nobody has to find that out by surprise. */
function noteUnread(files: readonly string[], lookup: Lookup, sources: ComposeSources, findings: Findings) {
  const listed = lookup('COMPOSE_FILE');
  if (listed === undefined) return;
  const names = listed.split(lookup('COMPOSE_PATH_SEPARATOR') || ':').map((path) => joinPath('', path));
  if (names.join('\n') === files.join('\n')) return;
  const at = placeOfVariable('COMPOSE_FILE', sources);
  findings.note('compose/file-list', `COMPOSE_FILE is not looked at: ${files.join(', ')} is read`, at, {
    notes: ['"compose.files" of slipway.yml wins, as "docker compose -f" does'],
    help: 'keep one of the two',
  });
}

/** Where the root's `.env` sets a variable; its beginning when the variable comes from elsewhere. */
export function placeOfVariable(name: string, sources: ComposeSources): Span {
  const lines = (sources.read('.env') ?? '').split('\n');
  const index = lines.findLastIndex((line) => new RegExp(`^\\s*(export\\s+)?${name}[ \\t]*[=:]`).test(line));
  const line = Math.max(index, 0) + 1;
  const end = { line, column: Math.max(lines[index]?.trimEnd().length ?? 0, 0) + 1 };
  return { file: '.env', start: { line, column: 1 }, end };
}

function beginningOf(file: string): Span {
  return { file, start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
}
