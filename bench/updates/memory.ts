import { readdirSync, readFileSync } from 'node:fs';
import { copyMark } from './app.ts';

const lookEveryMs = 100;

/** Memory at one moment or at the peak of each, in bytes; a page that several processes share counts for each of them in part. */
export interface Memory {
  /** The tool's own processes: commands, servers, router. */
  toolBytes: number;
  /** The app's copies. */
  appBytes: number;
  /** How many processes of the app ran at once. */
  copies: number;
}

/** Watches the memory of a contender until it is told to stop; gives the peaks. */
export function watchMemory(contender: { app: string; mark: string }): { stop(): Memory } {
  const peak: Memory = { toolBytes: 0, appBytes: 0, copies: 0 };
  const look = () => {
    const now = measure(contender);
    peak.toolBytes = Math.max(peak.toolBytes, now.toolBytes);
    peak.appBytes = Math.max(peak.appBytes, now.appBytes);
    peak.copies = Math.max(peak.copies, now.copies);
  };
  const timer = setInterval(look, lookEveryMs);
  return {
    stop: () => {
      clearInterval(timer);
      return peak;
    },
  };
}

function measure({ app, mark }: { app: string; mark: string }): Memory {
  const processes = readProcesses();
  const ofApp = processes.filter(
    ({ words, environment }) =>
      environment.includes(`\0${copyMark}=${app}\0`) && words.startsWith('node\0server.mjs'),
  );
  const tool = withChildren(
    processes.filter(({ words, environment }) => words.includes(mark) || environment.includes(mark)),
    processes,
  );
  const bytes = (all: readonly Seen[]) => all.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
  return { toolBytes: bytes(tool), appBytes: bytes(ofApp), copies: ofApp.length };
}

interface Seen {
  pid: number;
  parent: number;
  words: string;
  environment: string;
  ownBytes: number;
}

function readProcesses(): Seen[] {
  return readdirSync('/proc').flatMap((name): Seen[] => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      const read = (file: string) => readFileSync(`/proc/${name}/${file}`, 'utf8');
      const stat = read('stat');
      return [
        {
          pid,
          parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]),
          words: read('cmdline'),
          environment: `\0${read('environ')}`,
          ownBytes: ownBytesOf(read('smaps_rollup')),
        },
      ];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

/** Proportional set size. Reading it takes the kernel a millisecond. */
function ownBytesOf(rollup: string): number {
  return Number(/^Pss: +(\d+) kB$/m.exec(rollup)?.[1] ?? 0) * 1024;
}

/** nginx's workers show nothing of their own; a child belongs to its parent. */
function withChildren(marked: readonly Seen[], all: readonly Seen[]): Seen[] {
  const found = new Map(marked.map((one) => [one.pid, one]));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const one of all) if (found.has(one.parent)) found.set(one.pid, one);
  }
  return [...found.values()];
}
