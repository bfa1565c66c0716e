import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { shortHash } from './paths.ts';
import type { Identity } from './proc.ts';
import type { ProcessSpec } from './protocol.ts';

/** How a process ended for good. */
export interface Ending {
  exitCode: number | null;
  exitSignal: string | null;
  problem: string | null;
}

/** What must survive the supervisor's own death, for one process. */
export interface ProcessRecord {
  spec: ProcessSpec;
  /** Kept over restarts and reboots. */
  port: number | null;
  removing: boolean;
  identity: Identity | null;
  restarts: number;
  /** Only for `restart: never`. */
  ended: Ending | null;
}

/** All that must survive. Holds environments, so secrets: the file has mode 0600. */
export interface SupervisorState {
  fences: Record<string, number>;
  processes: ProcessRecord[];
}

const format = 1;

/** Writes the state durably: complete or not at all; the copy before stays as `<path>.previous`. */
export function saveState(path: string, state: SupervisorState): void {
  const body = JSON.stringify(state);
  const draft = `${path}.draft`;
  rmSync(draft, { force: true });
  const text = `{"format":${format},"checksum":"${shortHash(body)}","state":${body}}\n`;
  writeFileSync(draft, text, { mode: 0o600, flush: true });
  rmSync(`${path}.previous`, { force: true });
  try {
    linkSync(path, `${path}.previous`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  renameSync(draft, path);
  syncFolder(dirname(path));
}

/**
 * Reads the newest undamaged state. A damaged file is kept as `<path>.damaged` for people to look at.
 *
 * @returns the state, empty when there is none, and what had to be said about it.
 */
export function loadState(path: string): { state: SupervisorState; warnings: string[] } {
  const empty: SupervisorState = { fences: {}, processes: [] };
  const warnings: string[] = [];
  const current = readState(path);
  if (typeof current !== 'string') return { state: current, warnings };
  if (current !== 'missing') {
    warnings.push(`${path} is damaged (${current}); kept as ${path}.damaged`);
    renameSync(path, `${path}.damaged`);
  }
  const previous = readState(`${path}.previous`);
  if (typeof previous !== 'string') {
    warnings.push(`the copy before it is used: ${path}.previous`);
    return { state: previous, warnings };
  }
  if (warnings.length > 0) warnings.push('there is no good copy before it either; starting with nothing');
  return { state: empty, warnings };
}

function readState(path: string): SupervisorState | string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'missing' : message;
  }
  try {
    const file = JSON.parse(text) as { format: number; checksum: string; state: SupervisorState };
    if (file.format !== format) return `format ${file.format} is not known to this version`;
    // Property order survives JSON, so the same text comes out again.
    return shortHash(JSON.stringify(file.state)) === file.checksum
      ? file.state
      : 'its checksum does not match';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
