import { expect, test } from 'vitest';
import { parseAddress } from './address.ts';

test('an address names a socket, or a machine as ssh takes it', () => {
  expect(parseAddress('unix:///var/run/docker.sock')).toMatchObject({
    kind: 'unix',
    socketPath: '/var/run/docker.sock',
  });
  expect(parseAddress('ssh://vps')).toMatchObject({ kind: 'ssh', destination: 'vps', port: null });
  expect(parseAddress('ssh://ana@example.com:2222/')).toMatchObject({
    destination: 'ana@example.com',
    port: 2222,
  });
});

test.each([
  'tcp://10.0.0.1:2375',
  'unix://docker.sock',
  'ssh://-oProxyCommand=x',
  'ssh://',
  'ssh://a b',
  '/var/run/docker.sock',
])('%s is refused with what to write', (url) => {
  expect(() => parseAddress(url)).toThrow(`"${url}" is not the address of a Docker Engine`);
});
