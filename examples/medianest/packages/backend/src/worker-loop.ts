import { setTimeout as sleep } from 'node:timers/promises';
import { log } from './log.ts';
import { drawPoster } from './poster.ts';
import type { PosterQueue } from './poster-queue.ts';

const idleMs = 500;
const afterErrorMs = 2000;

/** Draws posters until it is told to stop; the one in hand is finished first. */
export async function drawPosters(queue: PosterQueue, stop: AbortSignal): Promise<number> {
  let drawn = 0;
  while (!stop.aborted) {
    try {
      if (await drawNext(queue)) drawn += 1;
      else await pause(idleMs, stop);
    } catch (error) {
      log('error', 'could not draw a poster', { error: String(error) });
      await pause(afterErrorMs, stop);
    }
  }
  return drawn;
}

async function drawNext(queue: PosterQueue): Promise<boolean> {
  const task = await queue.take();
  if (task === null) return false;
  await queue.finish(task.mediaId, drawPoster(task.title, task.kind));
  log('info', 'poster drawn', { mediaId: task.mediaId });
  return true;
}

async function pause(durationMs: number, stop: AbortSignal): Promise<void> {
  await sleep(durationMs, undefined, { signal: stop }).catch(() => undefined);
}
