import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

type Env = Record<string, string | undefined>;

/** A program that takes longer to answer is as good as not there. */
const patienceMs = 5_000;

/** Where the PATH finds a program, or null. */
export function findProgram(name: string, env: Env): string | null {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** What a program prints, trimmed; null when it is missing, fails, or says nothing for five seconds. */
export async function answerOf(program: string, args: readonly string[], env: Env): Promise<string | null> {
  const path = findProgram(program, env);
  if (path === null) return null;
  try {
    const { stdout } = await promisify(execFile)(path, [...args], { timeout: patienceMs, env });
    return stdout.trim();
  } catch {
    return null;
  }
}
