/** A prime number of bytes, so that a piece that is left out or sent twice shows in all that follows. */
const blockBytes = 65_521;
const block = Buffer.from(Array.from({ length: blockBytes }, (_, at) => (at * 31 + (at >> 8) * 17) & 0xff));

/** What stands in every download from `offset` on. */
export function patternAt(offset: number, sizeBytes: number): Buffer {
  const piece = Buffer.allocUnsafe(sizeBytes);
  for (let at = 0; at < sizeBytes;) {
    const from = (offset + at) % blockBytes;
    at += block.copy(piece, at, from, Math.min(blockBytes, from + sizeBytes - at));
  }
  return piece;
}
