import { chat } from './chats.ts';
import { download } from './downloads.ts';
import type { LoadSettings, Word } from './report.ts';
import { Tally } from './tally.ts';
import { visit, visitorsFor } from './visits.ts';

/*
 * Users, in a process of their own so that they take no time from what they use: node main.ts SETTINGS, with an IPC
 * channel to its starter, who sends words and gets reports.
 */
const settings = JSON.parse(process.argv[2] ?? '') as LoadSettings;
const { port } = settings;
const tally = new Tally(settings);
const state = { stopping: false, quiet: false };
const streams = new Set<Promise<void>>();
const longBytes = 50_000_000;

let visitors: Promise<unknown> = Promise.resolve();

process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  const { id, ...word } = message as Word & { id: number };
  void heed(word).then(() => process.send?.({ id, report: tally.snapshot() }));
});

async function heed(word: Word): Promise<void> {
  switch (word.say) {
    case 'begin':
      begin();
      return;
    case 'report':
      return;
    case 'turn':
      tally.turn = { name: word.name, canary: word.canary };
      return;
    case 'long':
      void follow(download({ port, sizeBytes: longBytes, ms: word.ms, told: true }, tally));
      void follow(chat(port, word.ms, tally));
      return;
    case 'stay':
      for (let at = 0; at < word.count; at++) void follow(chat(port, null, tally));
      return;
    case 'quiet':
      state.quiet = true;
      await Promise.all(streams);
      return;
    case 'stop':
      state.quiet = true;
      state.stopping = true;
      await Promise.all([visitors, ...streams]);
      return;
  }
}

function begin(): void {
  const { chats, downloads, downloadBytes: sizeBytes, downloadMs: ms, requestsPerSecond } = settings;
  visitors = Promise.all(visitorsFor(requestsPerSecond).map((one) => visit(one, { tally, state })));
  for (let at = 0; at < chats; at++)
    void again((turn) => chat(port, 200 + ((turn * 370 + at * 190) % 1_000), tally));
  for (let at = 0; at < downloads; at++)
    void again((turn) => download({ port, sizeBytes, ms, told: (turn + at) % 2 === 0 }, tally));
}

async function again(work: (turn: number) => Promise<void>): Promise<void> {
  for (let turn = 0; !state.quiet; turn++) await follow(work(turn));
}

async function follow(stream: Promise<void>): Promise<void> {
  streams.add(stream);
  await stream;
  streams.delete(stream);
}
