import { parentPort } from 'node:worker_threads';
import { play, type Cell } from './cells.ts';

/** Plays the cells that it is sent, one after the other. */
parentPort?.on('message', ({ cell, ...repetition }: { cell: Cell; rollouts: number; seed: number }) =>
  parentPort?.postMessage(play(cell, repetition), []),
);
