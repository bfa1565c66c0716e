import { Worker } from 'node:worker_threads';
import { availableParallelism } from 'node:os';
import type { Cell, Played } from './cells.ts';

/** Plays cells on all cores; what comes of each is the same whoever plays it. */
export async function playAll(
  cells: readonly Cell[],
  repetition: { rollouts: number; seed: number },
  onPlayed: (played: number) => void,
): Promise<Played[]> {
  const results: Played[] = [];
  let [next, played] = [0, 0];
  const work = async () => {
    const worker = new Worker(new URL('worker.ts', import.meta.url));
    try {
      for (let index = next++; index < cells.length; index = next++) {
        const answer = new Promise<Played>((resolve, reject) => {
          worker.once('message', resolve);
          worker.once('error', reject);
        });
        worker.postMessage({ cell: cells[index], ...repetition }, []);
        results[index] = await answer;
        worker.removeAllListeners('error');
        onPlayed(++played);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return results;
}
