import type { ContainerInspectInfo } from 'dockerode';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Engine, ExecRequest } from '../../docker/index.ts';
import { describeHealth, Healthchecks } from './healthcheck.ts';

const nowMs = Date.parse('2030-01-01T12:00:00Z');
const passes = () => Promise.resolve(0);
const refused = ({ onOutput }: ExecRequest) => {
  onOutput?.(Buffer.from('no such\ncolumn\n'));
  return Promise.resolve(1);
};

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: nowMs }));
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

interface Said {
  status?: string;
  /** When the engine last ran the check, from now, and its exit code. */
  last?: [agoMs: number, exitCode: number];
  startedAgoMs?: number;
  check?: object;
}

/** A container whose healthcheck the engine has run. */
function aContainer({ status = 'healthy', last, startedAgoMs = 3_600_000, check }: Said = {}) {
  const at = (agoMs: number) => new Date(Date.now() - agoMs).toISOString();
  const log = last
    ? [{ Start: at(last[0]), End: at(last[0]), ExitCode: last[1], Output: 'engine says' }]
    : [];
  return {
    Id: 'c1',
    Name: '/shop-api-1',
    Config: {
      Labels: { 'slipway.scope': 'shop/production' },
      Healthcheck: { Test: ['CMD-SHELL', 'ask me'], ...check },
    },
    State: { StartedAt: at(startedAgoMs), Health: { Status: status, FailingStreak: 3, Log: log } },
  } as unknown as ContainerInspectInfo;
}

/** Healthchecks over an engine whose containers answer so; `asked` has what was run in them. */
function checks(answer: (request: ExecRequest) => Promise<number> = passes) {
  const asked: ExecRequest[] = [];
  const exec = (_: string, request: ExecRequest) => {
    asked.push(request);
    return answer(request);
  };
  const own = new Healthchecks({ containers: { exec } } as unknown as Engine);
  return {
    asked,
    own,
    judge: (container: ContainerInspectInfo, moment = 'm') => own.judge(container, moment, 1),
  };
}

test('a word of the engine from before the moment is no answer: the check is run, as the engine runs it', async () => {
  const { asked, judge } = checks(refused);
  expect(await judge(aContainer({ last: [1, 0] }))).toEqual({
    failed: 'its healthcheck has not passed yet: no such column',
    undecided: true,
  });
  expect(asked).toMatchObject([{ command: ['/bin/sh', '-c', 'ask me'], timeoutMs: 30_000 }]);
});

test.each([
  [
    { Test: ['CMD', '/app', 'health'], Timeout: 5e9 },
    { command: ['/app', 'health'], timeoutMs: 5_000 },
  ],
  [{ Timeout: 0 }, { command: ['/bin/sh', '-c', 'ask me'], timeoutMs: 30_000 }],
])('it is run by its own words and timeout: %j', async (check, request) => {
  const { asked, judge } = checks();
  expect(await judge(aContainer({ check }))).toBeNull();
  expect(asked).toMatchObject([request]);
});

test('by the shell of the image, where that names one', async () => {
  const { asked, judge } = checks();
  const container = aContainer();
  Object.assign(container.Config, { Shell: ['bash', '-c'] });
  await judge(container);
  expect(asked[0]?.command).toEqual(['bash', '-c', 'ask me']);
});

test('a pass counts for its whole moment, and for no other', async () => {
  const { asked, judge } = checks();
  for (const moment of ['m', 'm', 'n', 'n', 'm']) {
    expect(await judge(aContainer(), moment)).toBeNull();
    pass(1_000);
  }
  expect(asked).toHaveLength(3);
});

test('what passed before the container started again does not count', async () => {
  const { asked, judge } = checks();
  await judge(aContainer());
  pass(60_000);
  await judge(aContainer({ status: 'starting', startedAgoMs: 10 }));
  expect(asked).toHaveLength(2);
});

test('a failure is asked again after five seconds, and fails for good when the engine says so', async () => {
  const { asked, judge } = checks(refused);
  await judge(aContainer());
  pass(4_999);
  await judge(aContainer());
  expect(asked).toHaveLength(1);
  pass(1);
  expect(await judge(aContainer())).toMatchObject({ undecided: true });
  expect(asked).toHaveLength(2);
  expect(await judge(aContainer({ status: 'unhealthy' }))).toEqual({
    failed: 'its healthcheck fails (3 times in a row): no such column',
  });
});

test('once the engine has spoken since the moment, nothing is run; the newest word counts', async () => {
  const { asked, judge } = checks(refused);
  await judge(aContainer());
  pass(10_000);
  expect(await judge(aContainer({ last: [1_000, 0] }))).toBeNull();
  expect(await judge(aContainer({ last: [1_000, 1] }))).toEqual({
    failed: 'its healthcheck has not passed yet: engine says',
    undecided: true,
  });
  expect(asked).toHaveLength(1);
});

test('a check that the engine runs every second is left to it', async () => {
  const { asked, judge } = checks();
  const check = { Interval: 1e9 };
  expect(await judge(aContainer({ check, last: [500, 0] }))).toMatchObject({ undecided: true });
  pass(2_000);
  expect(await judge(aContainer({ check, last: [500, 0] }))).toBeNull();
  expect(asked).toEqual([]);
});

test('a check that takes long is run once at a time, and is undecided meanwhile', async () => {
  let end: (code: number) => void = () => {};
  const { asked, judge } = checks(() => new Promise((resolve) => (end = resolve)));
  const unanswered = { failed: 'its healthcheck has not answered yet', undecided: true };
  expect(await judge(aContainer())).toEqual(unanswered);
  expect(await judge(aContainer())).toEqual(unanswered);
  expect(asked).toHaveLength(1);
  end(0);
  await Promise.resolve();
  expect(await judge(aContainer())).toBeNull();
});

test('one that cannot be run waits for the word of the engine', async () => {
  const { judge } = checks(() => Promise.reject(new Error('the engine is away')));
  expect(await judge(aContainer())).toEqual({
    failed: 'its healthcheck has not passed yet: the engine is away',
    undecided: true,
  });
});

test('containers that are gone are forgotten', async () => {
  const { asked, own, judge } = checks();
  await judge(aContainer());
  own.forgetOthers('shop/production', ['c1']);
  own.forgetOthers('other/production', []);
  await judge(aContainer());
  expect(asked).toHaveLength(1);
  own.forgetOthers('shop/production', []);
  await judge(aContainer());
  expect(asked).toHaveLength(2);
});

test('without a healthcheck there is nothing to say', async () => {
  const container = aContainer({ status: 'none' });
  expect(await checks(refused).judge(container)).toBeNull();
  expect(describeHealth(container)).toBeNull();
});

test('the end of a log tells what the engine said last, however long ago', () => {
  expect(describeHealth(aContainer({ last: [600_000, 0] }))).toBeNull();
  expect(describeHealth(aContainer({ status: 'unhealthy', last: [600_000, 1] }))).toBe(
    'its healthcheck fails (3 times in a row): engine says',
  );
});
