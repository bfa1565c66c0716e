import { existsSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Annotation } from './spec.ts';

/** Where an annotation points, as numbers that agree with each other. */
type AnnotationPlace = Pick<Annotation, 'line' | 'endLine' | 'column' | 'endColumn'>;

/**
 * Reads the place that `line`, `endLine`, `col` and `endColumn` name. Columns need a line and say nothing across several;
 * an end before its start does not count.
 *
 * @see https://github.com/actions/runner src/Runner.Worker/ActionCommandManager.cs (IssueCommandExtension)
 */
export function annotationPlace(properties: Record<string, string>): AnnotationPlace {
  const number = (name: string) => {
    const value = properties[name] ?? '';
    return /^\d+$/.test(value) && Number(value) > 0 ? Number(value) : undefined;
  };
  const end = number('endLine');
  const line = number('line') ?? end;
  if (line === undefined) return {};
  const endLine = end !== undefined && end >= line ? end : undefined;
  const place: AnnotationPlace = { line, ...(endLine !== undefined && { endLine }) };
  if (end !== undefined && end !== line) return place;
  const endColumn = number('endColumn');
  const column = number('col') ?? endColumn;
  if (column === undefined) return place;
  return { ...place, column, ...(endColumn !== undefined && endColumn >= column && { endColumn }) };
}

/** A file as people of the repository call it, when it lies in the workspace; otherwise as it was written. */
export function fileInWorkspace(file: string, workspace: string): string {
  if (!isAbsolute(file)) return file;
  const path = relative(workspace, file);
  return path === '' || path.startsWith('..') ? file : path.split(sep).join('/');
}

/**
 * The path of a file within its repository, or null when it is no file of a repository of the workspace.
 *
 * @param fromPath - A file next to which a relative one lies, such as a project file.
 */
export function fileInRepository(
  file: string,
  fromPath: string | undefined,
  workspace: string,
): string | null {
  const base =
    fromPath !== undefined && fromPath.trim() !== '' ? resolve(workspace, dirname(fromPath)) : workspace;
  const path = resolve(base, file);
  const inWorkspace = relative(workspace, path);
  if (inWorkspace.startsWith('..') || isAbsolute(inWorkspace)) return null;
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return null;
  for (let folder = dirname(path); folder.length > workspace.length; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return relative(folder, path).split(sep).join('/');
  }
  return inWorkspace.split(sep).join('/');
}
