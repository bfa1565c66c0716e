import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import type { CliContext } from './context.ts';

/** Writes a page to the file that a flag names. @param example - A command that would do. */
export async function writePage(
  context: CliContext,
  file: string,
  { page, example }: { page: string; example: string },
): Promise<void> {
  try {
    await writeFile(resolve(context.cwd, file), page);
  } catch (cause) {
    throw new CodedError('cli/not-written', `${file} cannot be written: ${(cause as Error).message}`, {
      help: `name a file in a folder that is there and yours: ${example}`,
    });
  }
  context.err.write(`the page is in ${file}\n`);
}
