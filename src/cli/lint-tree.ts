import { existsSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { CodedError, type Finding, type Result } from '../diagnostics/index.ts';
import {
  lintAction,
  lintWorkflow,
  parseAction,
  parseWorkflow,
  type LintRepository,
  type Refusal,
} from '../workflow/index.ts';
import { filesOfTree, type LintFile } from './lint-files.ts';

/** What was found, and the texts that it points into. */
export interface Linted {
  findings: Finding[];
  sources: Map<string, string>;
}

/** Reads and judges files; those that they name are looked up from the root of the tree. */
export function lintFiles(files: readonly LintFile[], root: string): Linted {
  const sources = new Map<string, string>();
  const repository = repositoryAt(root);
  const findings = files.flatMap((file) => {
    const source = textOf(file);
    sources.set(file.shown, source);
    return file.kind === 'action'
      ? judge(parseAction(source, file.shown), (action) => lintAction(action, { source, repository }))
      : judge(parseWorkflow(source, file.shown), (workflow) =>
          lintWorkflow(workflow, { source, repository }),
        );
  });
  return { findings, sources };
}

function textOf({ path, shown }: LintFile): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CodedError('cli/unreadable-file', `${shown} cannot be read`, {
      help: 'name workflow files, or action.yml files',
      cause,
    });
  }
}

function judge<T extends { refusals: Refusal[] }>(
  parsed: Result<T>,
  rules: (value: T) => Finding[],
): Finding[] {
  if (!parsed.ok) return parsed.findings;
  const refused = parsed.value.refusals.map(({ finding }) => onlyOnGitHub(finding));
  return inOrder([...parsed.warnings, ...refused, ...rules(parsed.value)]);
}

/** What this machine cannot do is no mistake in the file. */
function onlyOnGitHub(finding: Finding): Finding {
  return { ...finding, severity: 'warning', notes: [...finding.notes, 'it runs on GitHub only'] };
}

function inOrder(findings: Finding[]): Finding[] {
  const place = ({ at }: Finding) => (at ? at.start.line * 10_000 + at.start.column : 0);
  return findings.toSorted((a, b) => place(a) - place(b));
}

function repositoryAt(root: string): LintRepository {
  const actions = new Map<string, ReturnType<LintRepository['action']>>();
  const workflows = new Map<string, ReturnType<LintRepository['workflow']>>();
  return {
    action: (folder) => remembered(actions, folder, () => read(root, actionPaths(folder), parseAction)),
    workflow: (path) => remembered(workflows, path, () => read(root, [path], parseWorkflow)),
    workflowNames: () => workflowNames(root),
  };
}

function workflowNames(root: string): string[] | undefined {
  const workflows = filesOfTree(root).filter(({ kind }) => kind === 'workflow');
  const names = workflows.map(({ shown }) => read(root, [shown], parseWorkflow)?.name);
  return names.every((name) => name !== undefined) ? names : undefined;
}

const actionPaths = (folder: string) => [join(folder, 'action.yml'), join(folder, 'action.yaml')];

function remembered<T>(known: Map<string, T>, key: string, find: () => T): T {
  if (!known.has(key)) known.set(key, find());
  return known.get(key) as T;
}

/** The first of these paths that is a file; null without one, undefined where it has mistakes. */
function read<T>(
  root: string,
  paths: string[],
  parse: (text: string, file: string) => Result<T>,
): T | null | undefined {
  const path = paths.map((one) => join(root, one)).find((one) => existsSync(one) && isInside(root, one));
  if (path === undefined) return null;
  const parsed = parse(readFileSync(path, 'utf8'), relative(root, path).replaceAll(sep, '/'));
  return parsed.ok ? parsed.value : undefined;
}

function isInside(root: string, path: string): boolean {
  return !relative(root, path).startsWith('..');
}
