import { renderFindings, type Finding, type Severity } from '../../diagnostics/index.ts';
import type { CliContext, CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { filesOfTree, namedFiles, treeRoot } from '../lint-files.ts';
import { lintFiles, type Linted } from '../lint-tree.ts';
import { sarifLog } from '../sarif.ts';

interface LintOptions extends CommonOptions {
  format?: 'text' | 'json' | 'sarif';
}

/** Says everything that can be known about workflow and action files before anything runs. Only errors fail it. */
export function lint(context: CliContext, options: LintOptions): Promise<number> {
  const root = treeRoot(context.cwd);
  const named = options.words ?? [];
  const files = named.length > 0 ? namedFiles(named, context.cwd, root) : filesOfTree(root);
  const linted = lintFiles(files, root);
  const format = options.json ? 'json' : (options.format ?? 'text');
  const shown = files.map((file) => file.shown);
  if (format === 'text') context.out.write(`${page(linted, shown.length, context.out.color)}\n`);
  else if (format === 'sarif') context.out.write(`${JSON.stringify(sarifLog(linted.findings), null, 2)}\n`);
  else context.out.write(`${JSON.stringify({ files: shown, findings: linted.findings })}\n`);
  const failed = linted.findings.some(({ severity }) => severity === 'error');
  return Promise.resolve(failed ? exitCodes.failed : exitCodes.done);
}

function page({ findings, sources }: Linted, fileCount: number, color: boolean): string {
  const text = renderFindings(findings, { sources, color });
  return [...(text === '' ? [] : [text, '']), countLine(findings, fileCount)].join('\n');
}

function countLine(findings: readonly Finding[], fileCount: number): string {
  if (fileCount === 0) return 'there are no workflows and no action files here';
  const kinds: readonly Severity[] = ['error', 'warning', 'note'];
  const counts = kinds.flatMap((kind) => {
    const count = findings.filter(({ severity }) => severity === kind).length;
    return count === 0 ? [] : [counted(count, kind)];
  });
  return `${counted(fileCount, 'file')}: ${counts.length === 0 ? 'nothing to mend' : counts.join(', ')}`;
}

const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;
