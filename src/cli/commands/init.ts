import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { versions } from 'node:process';
import { createInterface } from 'node:readline/promises';
import { CodedError } from '../../diagnostics/index.ts';
import { outLook, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { planInit, type InitFile, type InitPlan } from '../init/plan-init.ts';
import { lookAt } from '../init/repository-look.ts';
import { treeRoot } from '../lint-files.ts';
import { paint, type Look } from '../render/text.ts';
import { print } from '../terminal.ts';

interface InitOptions extends CommonOptions {
  yes?: boolean;
  dryRun?: boolean;
}

/** Writes what a repository lacks, after showing it and asking. Never touches a file that is there. */
export async function init(context: CliContext, options: InitOptions): Promise<number> {
  const root = treeRoot(context.cwd);
  const plan = planInit(lookAt(root), versions.node);
  if (!options.json) print(context.out, page(plan, outLook(context)));
  const written = plan.files.length > 0 && (await mayWrite(context, options, plan.files.length));
  if (written) for (const file of plan.files) write(root, file);
  if (options.json) print(context.out, [JSON.stringify({ ...plan, written })]);
  else if (written) print(context.out, ['', 'written; try it with "slipway run"']);
  return plan.files.length > 0 && !written && options.dryRun !== true ? exitCodes.usage : exitCodes.done;
}

function page({ files, notes }: InitPlan, look: Look): string[] {
  const noted = notes.map((note) => `note: ${note}`);
  if (files.length === 0) return [...noted, 'nothing is missing'];
  return [...files.flatMap((file) => difference(file, look)), ...noted];
}

/** As git shows a new file. */
function difference({ path, text }: InitFile, look: Look): string[] {
  const lines = text.replace(/\n$/, '').split('\n');
  return [
    paint(look, 'bold', '--- /dev/null'),
    paint(look, 'bold', `+++ ${path}`),
    ...lines.map((line) => paint(look, 'green', `+${line}`)),
    '',
  ];
}

async function mayWrite(context: CliContext, options: InitOptions, count: number): Promise<boolean> {
  if (options.dryRun) return false;
  if (options.yes) return true;
  const files = count === 1 ? 'this file' : `these ${count} files`;
  if (!context.stdin.isTTY || !context.out.live || options.json) {
    context.err.write(`nothing was written: nobody can be asked here; write ${files} with --yes\n`);
    return false;
  }
  const lines = createInterface({ input: context.stdin, output: context.stdout });
  try {
    const answer = await lines.question(`write ${files}? [y/N] `);
    if (/^y(?:es)?$/i.test(answer.trim())) return true;
  } finally {
    lines.close();
  }
  context.err.write('nothing was written\n');
  return false;
}

function write(root: string, { path, text }: InitFile): void {
  const full = join(root, path);
  try {
    mkdirSync(dirname(full), { recursive: true });
    // It may have come since it was looked for.
    writeFileSync(full, text, { flag: 'wx' });
  } catch (cause) {
    throw new CodedError('cli/not-written', `${path} cannot be written`, {
      help: 'look at the permissions of the folder, or write it yourself: slipway init --dry-run',
      cause,
    });
  }
}
