import { kinOf } from './family.ts';
import { readProcess, readUse } from './proc.ts';

/** What a process and its kin use. */
export interface FamilyUse {
  /** Names one start of the process: another start counts its processor time from zero. */
  start: string;
  /** Since that start. A child that ended and that no other waited for is missing. */
  cpuMs: number;
  /** Resident; pages that several share are counted for each. */
  memoryBytes: number;
}

/** What a process and its kin use now; null when it does not run. Looks at every process: not for tight loops. */
export function familyUse(pid: number): FamilyUse | null {
  const leader = readProcess(pid);
  if (!leader) return null;
  const use: FamilyUse = { start: `${pid}-${leader.startTicks}`, cpuMs: 0, memoryBytes: 0 };
  for (const kin of kinOf(pid)) {
    const one = readUse(kin.pid);
    use.cpuMs += one?.cpuMs ?? 0;
    use.memoryBytes += one?.memoryBytes ?? 0;
  }
  return use;
}
