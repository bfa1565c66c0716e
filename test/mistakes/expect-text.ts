import { join } from 'node:path';
import { expect } from 'vitest';
import type { Seen } from './stage.ts';

/** Where the exact texts are kept, one file a mistake. */
export const expectedFolder = join(import.meta.dirname, 'expected');

/**
 * Compares what the user saw with the text on file, to the letter.
 *
 * `vitest -u` writes the files anew; read them as their user before you commit them.
 */
export async function expectText(name: string, seen: Seen, exitCode: number): Promise<void> {
  await expect(seen.text).toMatchFileSnapshot(join(expectedFolder, `${name}.txt`));
  expect(seen.exitCode).toBe(exitCode);
}
