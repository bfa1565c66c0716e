import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';

/** A file found, absolute. */
export interface GlobResult {
  /** Directory by directory in the order of their names, without duplicates; regular files only, unless `topOnly`. */
  files: string[];
  /** The part before the first wildcard of each pattern, absolute. */
  searchPaths: string[];
}

interface GlobOptions {
  /** What relative patterns start from. */
  root: string;
  /** What `~` stands for. */
  home: string;
  /** Leaves out everything whose name starts with a dot, and what is below it. */
  excludeHidden?: boolean;
  /** Finds what matches by itself, directories too, instead of the files in it. */
  topOnly?: boolean;
  /** Whether links to directories are walked; true when absent. A link to a file is a file in any case. */
  followLinks?: boolean;
}

interface Pattern {
  negate: boolean;
  searchPath: string;
  regex: RegExp;
}

/**
 * Finds files by patterns as `@actions/glob` does: `*`, `?`, `[…]`, `**`; `!` takes away again, in the order written;
 * `#` starts a comment; a directory stands for everything in it; links are followed.
 */
export function glob(patterns: readonly string[], options: GlobOptions): GlobResult {
  const parsed = patterns.flatMap((text) => parsePattern(text, options) ?? []);
  const searchPaths = topmost(parsed.filter(({ negate }) => !negate).map(({ searchPath }) => searchPath));
  const found = new Set<string>();
  for (const start of searchPaths) walk(start, { parsed, options, found, above: new Set() });
  return { files: [...found], searchPaths };
}

function parsePattern(text: string, options: GlobOptions): Pattern | null {
  let rest = text.trim();
  if (rest === '' || rest.startsWith('#')) return null;
  let negate = false;
  while (rest.startsWith('!')) {
    negate = !negate;
    rest = rest.slice(1).trim();
  }
  if (rest === '~' || rest.startsWith('~/')) rest = options.home + rest.slice(1);
  const absolute = resolve(options.root, rest);
  const segments = absolute.split(sep);
  const firstWild = segments.findIndex((segment) => /[*?[]/.test(segment));
  const searchPath = firstWild === -1 ? absolute : segments.slice(0, firstWild).join(sep) || sep;
  return { negate, searchPath, regex: toRegex(segments) };
}

function toRegex(segments: string[]): RegExp {
  let source = '';
  segments.forEach((segment, index) => {
    if (index === 0 && segment === '') return;
    source += segment === '**' ? '(?:/[^/]+)*' : `/${segmentSource(segment)}`;
  });
  // Whatever matches stands for all that lies in it.
  return new RegExp(`^${source}(?:/.*)?$`, 's');
}

function segmentSource(segment: string): string {
  return segment.replaceAll(/\[[^\]]+\]|[*?]|[^*?[]+|\[/g, (part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 2 && part.startsWith('[')) return part.replace(/^\[!/, '[^').replaceAll('\\', '\\\\');
    return RegExp.escape(part);
  });
}

/** Paths that lie in no other of them. */
function topmost(paths: string[]): string[] {
  const unique = [...new Set(paths)];
  return unique.filter(
    (path) =>
      !unique.some((other) => other !== path && (path + sep).startsWith(other === sep ? sep : other + sep)),
  );
}

interface Walk {
  parsed: Pattern[];
  options: GlobOptions;
  found: Set<string>;
  /** Real directories on the way here, so that a link to one of them ends the walk. */
  above: Set<string>;
}

function walk(path: string, context: Walk): void {
  if (context.options.excludeHidden && basename(path).startsWith('.')) return;
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return;
  if (stats.isFile() && isWanted(path, context.parsed)) context.found.add(path);
  if (!stats.isDirectory()) return;
  if (context.options.followLinks === false && lstatSync(path).isSymbolicLink()) return;
  if (context.options.topOnly && isWanted(path, context.parsed)) {
    context.found.add(path);
    return;
  }
  const real = realpathSync(path);
  if (context.above.has(real)) return;
  const above = new Set(context.above).add(real);
  for (const name of readdirSync(path).sort()) walk(join(path, name), { ...context, above });
}

/** The last pattern that matches decides. */
function isWanted(path: string, parsed: Pattern[]): boolean {
  return parsed.findLast(({ regex }) => regex.test(path))?.negate === false;
}

/** The directory that all paths lie in. */
export function commonDirectory(paths: readonly string[]): string {
  let common = paths[0] ?? sep;
  for (const path of paths) {
    while (common !== sep && path !== common && !path.startsWith(common + sep)) common = dirname(common);
  }
  return common;
}
