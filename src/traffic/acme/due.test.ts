import { expect, test } from 'vitest';
import type { Certificate } from '../certificate-folder.ts';
import { dueHosts, nextAttemptMs, provable, type Attempts } from './due.ts';

const dayMs = 86_400_000;

function certificate(names: string[], chainFile: string): Certificate {
  return {
    names,
    chain: '',
    key: '',
    chainFile,
    keyFile: chainFile,
    validFromMs: 0,
    expiresAtMs: 90 * dayMs,
  };
}

function due(nowMs: number, over: Partial<Parameters<typeof dueHosts>[0]> = {}): string[] {
  const certificates = [certificate(['a.example'], 'acme-a.pem'), certificate(['*.b.example'], 'theirs.pem')];
  const hosts = [
    'a.example',
    'x.b.example',
    'c.example',
    'c.example',
    '*',
    '127.0.0.1',
    '[::1]',
    'a.localhost',
  ];
  const isOurs = ({ chainFile }: Certificate) => chainFile.startsWith('acme-');
  return dueHosts({ hosts, certificates, attempts: {}, isOurs, nowMs, ...over });
}

test('a host without a certificate is due, once, and what nobody could prove never', () => {
  expect(due(dayMs)).toEqual(['c.example']);
  expect(['*', '10.0.0.1', '[2001:db8::1]', 'localhost'].filter(provable)).toEqual([]);
});

test('ours is renewed with a third of its time left, that of others when it has expired', () => {
  expect(due(60 * dayMs - 1)).toEqual(['c.example']);
  expect(due(60 * dayMs)).toEqual(['a.example', 'c.example']);
  expect(due(90 * dayMs - 1)).toEqual(['a.example', 'c.example']);
  expect(due(90 * dayMs)).toEqual(['a.example', 'x.b.example', 'c.example']);
});

test('what failed waits a minute, then four times as long each time, and never more than a day', () => {
  const after = (failures: number): number => {
    const attempts: Attempts = { failures, lastAtMs: 0, message: 'no' };
    return nextAttemptMs(attempts) / 60_000;
  };
  expect([1, 2, 3, 4, 5, 6, 7, 50].map(after)).toEqual([1, 4, 16, 64, 256, 1_024, 1_440, 1_440]);
  const attempts = { 'c.example': { failures: 2, lastAtMs: dayMs, message: 'no' } };
  expect(due(dayMs + 239_999, { attempts })).toEqual([]);
  expect(due(dayMs + 240_000, { attempts })).toEqual(['c.example']);
});
