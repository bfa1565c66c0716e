import { expect, test } from 'vitest';
import { parseAddress } from './address.ts';
import { engineFailure } from './failure.ts';

const call = {
  asked: 'start the container x',
  address: parseAddress('unix:///nowhere/docker.sock'),
  timeoutMs: 30_000,
  timedOut: false,
  sshWords: [],
};
const answer = (statusCode: number, message: string) =>
  Object.assign(new Error('(HTTP code)'), { statusCode, json: { message } });

test.each([
  [answer(500, 'write /x: no space left on device'), 'docker/disk-full'],
  [answer(500, 'Bind for 127.0.0.1:80 failed: port is already allocated'), 'docker/port-taken'],
  [answer(404, 'No such image: x'), 'docker/not-found'],
  [answer(409, 'Conflict. The container name is in use'), 'docker/conflict'],
  [answer(400, 'invalid mount config'), 'docker/refused'],
  [answer(500, 'something else'), 'docker/engine-failed'],
  [Object.assign(new Error('connect'), { code: 'ENOENT' }), 'docker/no-socket'],
  [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'docker/no-socket'],
  [Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }), 'docker/unreachable'],
])('%s becomes %s', (thrown, code) => {
  expect(engineFailure(thrown, call).code).toBe(code);
});

test('a user who may not use the socket is told which group may', () => {
  const failure = engineFailure(Object.assign(new Error('connect'), { code: 'EACCES' }), call);
  expect(failure.code).toBe('docker/no-permission');
  expect(failure.message).toMatch(/^the user ".+" may not use the Docker Engine at \/nowhere\/docker\.sock$/);
  expect(failure.help).toMatch(/^usermod -aG docker \S+, then log in again and start the server again$/);
});

test('what the engine said is said once, with what was asked of it', () => {
  expect(engineFailure(answer(404, 'No such image: x'), call).message).toBe(
    'could not start the container x: No such image: x',
  );
});
