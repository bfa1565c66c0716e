import { expect, test } from 'vitest';
import { parseWorkers } from './commands.ts';
import { tooMany } from './old-workers.ts';

test('the oldest processes are too many once there are more than may be', () => {
  const old = Array.from(
    { length: 18 },
    (_, index) => `${200 + index}  worker  ${index + 1}  0d00h00m43s  2.6.12`,
  );
  const table = [
    '#<PID>  <type>  <reloads>  <uptime>  <version>',
    '100     master  18 [failed: 0]  0d00h02m07s  2.6.12',
    '# workers',
    '300     worker  0  0d00h00m00s  2.6.12',
    '# old workers',
    ...old,
    '# programs',
    '',
  ].join('\n');
  const workers = parseWorkers(table);
  expect(workers.current).toBe(300);
  expect(tooMany(workers.old)).toEqual([217, 216]);
  expect(tooMany(workers.old.slice(2))).toEqual([]);
});
