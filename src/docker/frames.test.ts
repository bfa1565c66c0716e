import { expect, test } from 'vitest';
import { readFrames } from './frames.ts';

const frame = (text: string) => {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
};

async function* inPieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test.each([1, 3, 8, 1000])('frames are put together from pieces of %i bytes', async (size) => {
  const texts: string[] = [];
  for await (const text of readFrames(
    inPieces(Buffer.concat([frame('one\n'), frame(''), frame('zwölf\n')]), size),
    false,
  ))
    texts.push(text.toString('utf8'));
  expect(texts).toEqual(['one\n', '', 'zwölf\n']);
});

test('what a terminal prints has no frames', async () => {
  const texts: string[] = [];
  for await (const text of readFrames(inPieces(Buffer.from('plain'), 2), true)) texts.push(String(text));
  expect(texts.join('')).toBe('plain');
});
