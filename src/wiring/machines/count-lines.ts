import { open } from 'node:fs/promises';
import { CodedError } from '../../diagnostics/index.ts';
import { RegexGuard } from '../../runner/index.ts';
import type { LogContainer } from '../container-logs.ts';
import type { LineCount, LineQuestion } from './model.ts';
import { ownCopies, type CopyParts } from './own-copies.ts';

const chunkBytes = 1024 * 1024;
/** No more is read of a copy at once; what is left is counted the next time. */
const mostBytes = 64 * chunkBytes;
const mostLines = 10_000;

/**
 * Counts the lines that copies of this machine have said since a place in their logs and that match a pattern. A copy of
 * which no place is known gets one: the end of its log. One that is not there is left out.
 *
 * @throws CodedError `wiring/slow-pattern`, `docker/…`
 */
export async function countLines(
  scope: string,
  { pattern, copies }: LineQuestion,
  parts: CopyParts,
): Promise<LineCount[]> {
  const own = await ownCopies(
    scope,
    copies.map(({ id }) => id),
    parts,
  );
  const counter = new Counter(pattern);
  return Promise.all(
    own.map(async (copy): Promise<LineCount> => {
      const after = copies.find(({ id }) => id === copy.id)?.after ?? null;
      const counted =
        copy.kind === 'container'
          ? await inContainer(copy.container, after, counter)
          : await inFile(copy.status.logFile, after, counter);
      return { id: copy.id, ...counted };
    }),
  );
}

type Counted = Omit<LineCount, 'id'>;

/** Matches of one pattern, which may be written badly. */
class Counter {
  readonly #pattern: RegExp;
  readonly #guard = new RegexGuard();

  constructor(pattern: string) {
    this.#pattern = new RegExp(pattern);
  }

  count(lines: readonly string[]): number {
    const found = this.#guard.match([this.#pattern], lines);
    if (found) return found.filter(([match]) => match !== null).length;
    throw new CodedError(
      'wiring/slow-pattern',
      `the pattern ${this.#pattern.source} takes longer than a second on what the copies have said`,
      { help: 'write it without a repetition inside a repetition, such as (a+)+' },
    );
  }
}

/** The place is the offset behind the last whole line. */
async function inFile(path: string, after: string | null, counter: Counter): Promise<Counted> {
  const file = await open(path, 'r').catch(() => null);
  if (!file) return { matches: 0, upTo: '0' };
  try {
    const { size } = await file.stat();
    if (after === null) return { matches: 0, upTo: String(size) };
    // A log that grew long was put aside, and has begun anew.
    const from = Number(after) <= size ? Number(after) : 0;
    let matches = 0;
    let place = from;
    const buffer = Buffer.alloc(chunkBytes);
    while (place - from < mostBytes) {
      const { bytesRead } = await file.read(buffer, 0, chunkBytes, place);
      const end = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1;
      // A line that is longer than all that is read at once is no line of words.
      const length = end > 0 ? end : bytesRead === chunkBytes ? bytesRead : 0;
      if (length === 0) break;
      matches += counter.count(buffer.toString('utf8', 0, length).split('\n').slice(0, -1));
      place += length;
    }
    return { matches, upTo: String(place) };
  } finally {
    await file.close();
  }
}

/** The place is the engine's time of the last line. */
async function inContainer(
  { engine, name }: LogContainer,
  after: string | null,
  counter: Counter,
): Promise<Counted> {
  let [matches, upTo, bytes] = [0, after ?? '', 0];
  let lines: string[] = [];
  for await (const { at, text } of engine.containers.linesAfter(name, after)) {
    upTo = at;
    if (after === null) continue;
    bytes += text.length;
    lines.push(text);
    if (lines.length < mostLines && bytes < mostBytes) continue;
    matches += counter.count(lines);
    lines = [];
    if (bytes >= mostBytes) break;
  }
  return { matches: matches + counter.count(lines), upTo };
}
