import { expect, test } from 'vitest';
import { LiveBlock } from './live-block.ts';

const frame = (text: string) => `\u001b[?2026h${text}\u001b[J\u001b[?2026l`;

test('the second frame is drawn over the first', () => {
  const block = new LiveBlock();
  expect(block.draw(['one', 'two'], 80)).toBe(frame('\u001b[?25l\u001b[2Kone\n\u001b[2Ktwo\n'));
  expect(block.draw(['three'], 80)).toBe(frame('\u001b[2A\r\u001b[2Kthree\n'));
});

test('lines that a narrower terminal has wrapped are counted as it shows them', () => {
  const block = new LiveBlock();
  block.draw(['a'.repeat(100), 'b'], 100);
  expect(block.draw(['c'], 40)).toBe(frame('\u001b[4A\r\u001b[2Kc\n'));
});

test('clearing gives the place and the cursor back, and only when something was drawn', () => {
  const block = new LiveBlock();
  expect(block.clear(80)).toBe('');
  block.draw(['one'], 80);
  expect(block.clear(80)).toBe('\u001b[1A\r\u001b[J\u001b[?25h');
  expect(block.clear(80)).toBe('');
});
