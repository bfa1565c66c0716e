import { expect, test } from 'vitest';
import { Pins } from './pins.ts';

const pins = new Pins([
  { revision: 'r2', by: { kind: 'cookie', name: 'canary', value: 'yes' } },
  { revision: 'r3', by: { kind: 'header', name: 'X-Canary', value: 'yes' } },
  { revision: 'r4', by: { kind: 'host', host: 'next.example.com' } },
]);

test.each<[string, Partial<{ host: string; cookie: string; rawHeaders: string[] }>, string | undefined]>([
  ['nothing', {}, undefined],
  ['the cookie', { cookie: 'a=b; canary=yes' }, 'r2'],
  ['the cookie with another value', { cookie: 'canary=no; xcanary=yes' }, undefined],
  ['the header', { rawHeaders: ['Accept', '*/*', 'x-canary', 'yes'] }, 'r3'],
  ['its name as a value', { rawHeaders: ['yes', 'X-Canary'] }, undefined],
  ['the header beside the cookie', { rawHeaders: ['X-CANARY', 'yes'], cookie: 'canary=yes' }, 'r3'],
  ['the host beside the header', { host: 'next.example.com', rawHeaders: ['X-Canary', 'yes'] }, 'r4'],
])('%s', (_name, request, revision) => {
  expect(pins.revisionFor({ host: 'example.com', cookie: '', rawHeaders: [], ...request })).toBe(revision);
});
