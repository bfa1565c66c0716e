import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobWith, Rig } from './rig.ts';

let rig: Rig;
beforeAll(() => {
  rig = new Rig();
});
afterAll(() => rig[Symbol.dispose]());

/** Characters at which shells, encoders, regular expressions and masks like to stumble. */
const awkward = [
  `"`,
  `'`,
  '`',
  '\\',
  '$',
  '&',
  '&+',
  '%',
  '%25',
  '<',
  '>',
  ';',
  '|',
  '*',
  '?',
  '.',
  '+',
  '^',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  '#',
  '~',
  '!',
  '=',
  '/',
  '::',
  ',',
  ' ',
  '\t',
  'é',
  'ß',
  '日本',
  '😀',
  '\u00a0',
  '\\n',
  "''",
];

/** Two hundred: each awkward thing inside, in front, behind, doubled, and over several lines. */
function secretsOf(): Record<string, string> {
  const secrets: Record<string, string> = {};
  awkward.forEach((sign, index) => {
    const mark = `${index}x${(index * 7919).toString(36)}`;
    secrets[`INSIDE_${index}`] = `Kq${mark}${sign}Zw${mark}${sign}end`;
    secrets[`FRONT_${index}`] = `${sign}Front${mark}value`;
    secrets[`BEHIND_${index}`] = `Behind${mark}value${sign}`;
    secrets[`WRAPPED_${index}`] = `${sign}Wrapped${mark}value${sign}`;
    secrets[`LINES_${index}`] = `first${mark}${sign}line\nsecond${sign}${mark}line`;
  });
  return { ...secrets, ONE: '☃', TWO: 'Ж9', SPACES: '   ', EMPTY: '' };
}

/** Prints every secret in every way that people do. Runs within the job, and shares nothing with the masks. */
const printer = String.raw`
const fs = require('node:fs');
const { execFileSync } = require('node:child_process');
const secrets = JSON.parse(process.env.ALL);
const say = (text) => fs.writeSync(1, text + '\n');
const html = (text, quote) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;').replace(/'/g, quote);
const data = (text) => text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
const property = (text) => data(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
for (const [name, value] of Object.entries(secrets)) {
  if (value.trim() === '') continue;
  say(value);
  say('before' + value + 'after');
  say(JSON.stringify({ value }));
  say(JSON.stringify({ inner: JSON.stringify({ value }) }));
  say(JSON.stringify(value).replace(/[^\x00-\x7f]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')));
  say(encodeURIComponent(value));
  say(encodeURI(value));
  say(new URLSearchParams({ value }).toString());
  for (const quote of ['&apos;', '&#39;', '&#x27;']) say(html(value, quote));
  say("'" + value.replace(/'/g, "'\\''") + "'");
  say('"' + value.replace(/(["$\x60\\])/g, '\\$1') + '"');
  say(value.replace(/'/g, "''"));
  say(Buffer.from(value).toString('hex'));
  for (const front of ['', 'u', 'us', 'usr', 'user:']) {
    say(Buffer.from(front + value).toString('base64'));
    say(Buffer.from(front + value).toString('base64url'));
  }
  say('::error title=' + property(value) + ',file=' + property('x' + value) + '::' + data(value));
  say('::notice::' + data(value));
  say('::group::' + data(value));
  say('::endgroup::');
  say('::debug::' + data(value));
  fs.appendFileSync(process.env.GITHUB_STEP_SUMMARY, '# ' + value + '\n');
  fs.appendFileSync(process.env.GITHUB_OUTPUT, name + '<<EOF_OF_IT\n' + value + '\nEOF_OF_IT\n');
  fs.appendFileSync(process.env.GITHUB_ENV, name + '_COPY<<EOF_OF_IT\n' + value + '\nEOF_OF_IT\n');
}
fs.writeSync(1, 'x'.repeat(262140) + secrets.INSIDE_0 + 'y'.repeat(600000) + '\n');
const all = Object.values(secrets).filter((value) => value.trim() !== '');
fs.writeSync(1, execFileSync('bash', ['-c', 'printf "%q\\n" "$@"', 'bash', ...all]));
say(all.join(''));
process.exit(3);
`;

test('two hundred secrets with awkward characters, in every encoding, are never printed', async () => {
  const secrets = secretsOf();
  expect(Object.keys(secrets).length).toBeGreaterThanOrEqual(200);
  const script = Buffer.from(printer).toString('base64');
  const job = rig.job(
    jobWith(
      `
- id: print
  name: Print \${{ secrets.INSIDE_3 }} and \${{ secrets.ONE }}
  env:
    ALL: \${{ toJSON(secrets) }}
  run: |
    echo ${script} | base64 -d > "$RUNNER_TEMP/print.cjs"
    node "$RUNNER_TEMP/print.cjs"
- if: always()
  run: echo "\${{ steps.print.outputs.INSIDE_2 }}" "$INSIDE_4_COPY" > /dev/null; echo "\${{ secrets.LINES_33 }}"`,
      'outputs: { taken: "${{ steps.print.outputs.INSIDE_5 }}", given: "${{ steps.print.outcome }}" }',
    ),
    { secrets },
  );
  const report = await job.work();
  const records = await job.log();
  expect(report.steps[0]?.error?.message).toBe('Process completed with exit code 3.');
  expect(records.length).toBeGreaterThan(5000);
  expect(report.annotations.length).toBe(20);
  expect(report.outputs).toEqual({ given: 'failure' });

  const { trackingId: _, ...told } = report;
  const texts = [
    ...records.map(({ text }) => text),
    ...stringsOf(told),
    readFileSync(report.summaryFile, 'utf8'),
    readFileSync(join(job.directory, 'log.ndjson'), 'utf8'),
  ].join('\n');
  const leaked = Object.entries(secrets).flatMap(([name, value]) =>
    value
      .split('\n')
      .filter((line) => line.trim() !== '')
      .flatMap((line) =>
        formsOf(line)
          .filter((form) => texts.includes(form))
          .map((form) => `${name}: ${form}`),
      ),
  );
  expect(leaked).toEqual([]);
  // A line that is too long to be kept whole is not cut within a secret.
  expect(texts).not.toContain(secrets['INSIDE_0']?.slice(0, 4));
});

/** Whole forms, told anew: what must not stand anywhere. */
function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const forms = [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    new URLSearchParams({ v: value }).toString().slice(2),
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
  ];
  return value.length < 8 ? [value] : forms;
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === 'at' ? [] : stringsOf(inner)));
}
