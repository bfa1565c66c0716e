import { expect, onTestFinished, test } from 'vitest';
import { CodedError } from '../../diagnostics/index.ts';
import type { MachineRequest } from './calls.ts';
import { MachineLink } from './link.ts';
import type { MachineConnection } from './model.ts';

type Answer = (request: MachineRequest, signal: AbortSignal) => Promise<unknown>;

/** A machine whose server answers as it is told, and what it has heard. */
function machine(
  answer: Answer,
  patience: { oldMs?: number } = {},
): { link: MachineLink; heard: MachineRequest[]; log: string[] } {
  const heard: MachineRequest[] = [];
  const log: string[] = [];
  const connection: MachineConnection = {
    post: (_path, body, signal) => {
      heard.push(body as MachineRequest);
      return answer(body as MachineRequest, signal);
    },
    put: () => Promise.resolve(null),
    async *lines() {},
    close: () => {},
  };
  const link = new MachineLink({
    name: 'vps',
    connect: () => connection,
    home: '0123456789abcdef',
    version: '1.0.0',
    log: ({ message }) => log.push(message),
    patience: { doubtMs: 5, helloMs: 20, listenMs: 20, againMs: 1, oldMs: 60_000, ...patience },
  });
  onTestFinished(() => link.close());
  return { link, heard, log };
}

const never: Answer = (_request, signal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')));
  });
const value = (one: unknown): Promise<unknown> => Promise.resolve({ value: one });
const gone = () => new CodedError('server/unreachable', 'away', { notes: ['ssh: connection refused'] });
const looking = { do: 'look-at-task', key: 'a' } as const;

test('a call that takes long is waited for as long as the machine says that it is there', async () => {
  const late = Promise.withResolvers<unknown>();
  let hellos = 0;
  const { link } = machine(({ call }) => {
    if (call.do !== 'hello') return late.promise;
    hellos += 1;
    if (hellos === 3) late.resolve({ value: 7 });
    return value(null);
  });
  expect(await link.ask('a/b', looking)).toBe(7);
  expect(hellos).toBe(3);
  expect(link.silence).toBeNull();
});

test('a machine that hangs costs one wait: what waits is given up, and what comes after fails at once', async () => {
  const { link, heard } = machine(never);
  const both = await Promise.allSettled([link.ask('a/b', looking), link.ask('c/d', looking)]);
  for (const one of both)
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'wiring/machine-silent' } });
  const asked = heard.filter(({ call }) => call.do !== 'hello').length;
  await expect(link.ask('a/b', looking)).rejects.toThrow('vps does not answer: it has not answered for');
  expect(heard.filter(({ call }) => call.do !== 'hello')).toHaveLength(asked);
});

test('it is asked again once it has been heard, and what it was sent before is marked as given up', async () => {
  let hangs = true;
  const { link, heard, log } = machine((request, signal) => (hangs ? never(request, signal) : value(1)));
  await expect(link.ask('a/b', looking)).rejects.toThrow('vps does not answer');
  hangs = false;
  while (link.silence !== null) {
    await link.ask('a/b', looking).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(await link.ask('a/b', looking)).toBe(1);
  expect(log.at(-1)).toBe('vps answers again');
  const turns = heard.map(({ from }) => from.turn);
  expect(turns[0]).toBe(0);
  expect(turns.at(-1)).toBeGreaterThan(0);
  expect(turns).toEqual(turns.toSorted((a, b) => a - b));
});

test('a silence of long ago is not told before it was listened again', async () => {
  let away = true;
  const { link } = machine(() => (away ? Promise.reject(gone()) : value('well')), { oldMs: 0 });
  await expect(link.ask('a/b', looking)).rejects.toThrow('vps does not answer');
  away = false;
  expect(await link.ask('a/b', looking)).toBe('well');
});

test('a connection that was closed while it was kept is made anew, once', async () => {
  let times = 0;
  const { link } = machine(() => (++times === 1 ? Promise.reject(gone()) : value('well')));
  expect(await link.ask('a/b', looking)).toBe('well');
  const { link: dead } = machine(() => Promise.reject(gone()));
  await expect(dead.ask('a/b', looking)).rejects.toMatchObject({
    code: 'wiring/machine-silent',
    message: 'vps does not answer: ssh: connection refused',
    help: expect.stringContaining('slipway status --host vps') as string,
  });
});

test('what that machine refuses keeps its code, and says which machine', async () => {
  const stale = new CodedError('supervisor/stale-fence', 'fence 3 is older than 4', {});
  const { link } = machine(() => Promise.reject(stale));
  await expect(link.ask('a/b', looking)).rejects.toMatchObject({
    code: 'supervisor/stale-fence',
    message: 'vps: fence 3 is older than 4',
  });
  expect(link.silence).toBeNull();
});

test('a Slipway that knows nothing of machines is told to be upgraded', async () => {
  const unknown = new CodedError('server/unknown-path', 'POST /machine/calls is not part of the API', {});
  const { link } = machine(() => Promise.reject(unknown));
  await expect(link.ask('a/b', looking)).rejects.toMatchObject({
    code: 'wiring/machine-version',
    help: expect.stringContaining('install Slipway 1.0.0') as string,
  });
});
