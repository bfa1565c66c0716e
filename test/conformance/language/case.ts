import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const jobResult = z.enum(['success', 'failure', 'cancelled', 'skipped']);

/** One case of the language: a small repository, what is asked of it, and exactly what must come of it. */
const caseShape = z.strictObject({
  /** What is true, as a sentence. */
  title: z.string(),
  /** Members of the inventory that this case shows. */
  covers: z.array(z.string()).min(1),
  /** How far those members go here; `refused`: GitHub takes it and this host says why it does not. */
  status: z.enum(['works', 'partly', 'refused']).default('works'),
  /** What differs from GitHub; needed unless it works. */
  note: z.string().optional(),
  /** Programs without which the case is skipped, such as `pwsh`. */
  needs: z.array(z.string()).default([]),
  /** Words after `slipway run`; `push` when there are none. */
  args: z.array(z.string()).default(['push']),
  /** Where the case stands; `main` when not given. */
  branch: z.string().default('main'),
  tag: z.string().optional(),
  /** `.github/workflows/ci.yml` */
  workflow: z.string(),
  /** More files of the repository, by path. A file that starts with `#!` is executable. */
  files: z.record(z.string(), z.string()).default({}),
  expect: z.strictObject({
    /** How the whole command ends. */
    result: z.enum(['success', 'failure', 'cancelled', 'refused']).default('success'),
    /** By display name; when given, all of them. */
    jobs: z.record(z.string(), jobResult).optional(),
    /** Exact lines that the steps print, by display name of the job; when given, of that job all of them. */
    lines: z.record(z.string(), z.array(z.string())).optional(),
    /** Outcome and conclusion of steps by name: `failure/success`; for the only job, or `job > step`. */
    steps: z.record(z.string(), z.string()).optional(),
    /** `level file:line title: message`, in order. */
    annotations: z.array(z.string()).optional(),
    /** Markdown of all steps. */
    summary: z.string().optional(),
    /** Findings exactly as printed, for what is refused or wrong. */
    errors: z.string().optional(),
  }),
});

/** @see caseShape */
export type Case = z.infer<typeof caseShape> & {
  /** `keys/needs.yml` */
  file: string;
};

const folder = join(import.meta.dirname, 'cases');

/** All cases, in the order of their files. @throws with the file's name when one is not a case. */
export function readCases(): Case[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yml'))
    .toSorted()
    .map((path) => readCase(join(folder, path)));
}

function readCase(path: string): Case {
  const file = relative(folder, path);
  const parsed = caseShape.safeParse(parse(readFileSync(path, 'utf8')));
  if (!parsed.success) throw new Error(`${file} is no case: ${z.prettifyError(parsed.error)}`);
  if (parsed.data.status !== 'works' && parsed.data.note === undefined)
    throw new Error(`${file} has no note, though it is ${parsed.data.status}`);
  return { ...parsed.data, file };
}
