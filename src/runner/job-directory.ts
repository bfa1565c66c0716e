import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodedError } from '../diagnostics/index.ts';
import type { DeployOutcome, ObservedReport } from '../runs/index.ts';
import { writeAtomically } from './files.ts';
import type { JobReport, JobSpec, LogRecord } from './spec.ts';

/** What a job's directory holds. */
export const jobFiles = {
  spec: 'spec.json',
  report: 'report.json',
  log: 'log.ndjson',
  summary: 'summary.md',
  parked: 'parked.json',
  resume: 'resume.json',
  reserve: 'reserve',
} as const;

/** What a parked job goes on with. */
export interface JobResume extends DeployOutcome {
  /** The run was cancelled meanwhile: only steps that ask for it still run. */
  cancelled: boolean;
}

/** Writes what a worker needs. Repeating it with the same spec changes nothing. */
export function prepareJob(spec: JobSpec, jobDirectory: string): void {
  mkdirSync(jobDirectory, { recursive: true, mode: 0o700 });
  for (const directory of Object.values(spec.directories)) mkdirSync(directory, { recursive: true });
  writeAtomically(join(jobDirectory, jobFiles.spec), JSON.stringify(spec), { mode: 0o600 });
}

/** Leaves word for the next worker of a parked job; start it with the same arguments as the first. Repeating is harmless. */
export function resumeJob(jobDirectory: string, resume: JobResume): void {
  writeAtomically(join(jobDirectory, jobFiles.resume), JSON.stringify(resume), { durable: true });
}

/** The command line of a job's worker. The worker builds the job's environment from its spec, never from its own. */
export function jobWorkerArgv(jobDirectory: string): string[] {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return [process.execPath, fileURLToPath(new URL(`./main.${extension}`, import.meta.url)), jobDirectory];
}

/** What the worker last told, or null when it has not said anything yet. */
export async function readReport(jobDirectory: string): Promise<JobReport | null> {
  try {
    return JSON.parse(await readFile(join(jobDirectory, jobFiles.report), 'utf8')) as JobReport;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new CodedError('runner/bad-report', `cannot read the report of the job in ${jobDirectory}`, {
      cause: error,
    });
  }
}

/** The part of a report that the run engine decides by. */
export function observedReport(report: JobReport | null): ObservedReport | null {
  if (report?.phase === 'parked' && report.deploy) return { phase: 'parked', deploy: report.deploy };
  if (report?.phase !== 'finished') return report && { phase: 'running' };
  const observed = {
    phase: 'finished' as const,
    result: report.result ?? 'failure',
    outputs: report.outputs,
  };
  return report.reason === null ? observed : { ...observed, reason: report.reason };
}

/**
 * Reads the log from a byte on; a line that is still being written is left for the next call.
 *
 * @returns The records and the byte to go on from; the same byte when there is no more yet.
 */
export async function readLog(
  jobDirectory: string,
  fromByte: number,
  maxBytes: number = 4 * 1024 * 1024,
): Promise<{ records: LogRecord[]; nextByte: number }> {
  const path = join(jobDirectory, jobFiles.log);
  if (!existsSync(path)) return { records: [], nextByte: fromByte };
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.max(0, Math.min(size - fromByte, maxBytes)));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, fromByte);
    const end = buffer.lastIndexOf(0x0a, bytesRead) + 1;
    const lines = buffer.toString('utf8', 0, end).split('\n').slice(0, -1);
    return { records: lines.flatMap(parseRecord), nextByte: fromByte + end };
  } finally {
    await file.close();
  }
}

/** A worker that was killed may have left half a line, which its successor's first line then follows. */
function parseRecord(line: string): LogRecord[] {
  try {
    return [JSON.parse(line) as LogRecord];
  } catch {
    return [];
  }
}

/** Reads a JSON file of the directory, or null when it is not there. */
export function readJson(jobDirectory: string, name: string): unknown {
  const path = join(jobDirectory, name);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as unknown) : null;
}
