import { expect, test } from 'vitest';
import { parseArguments, successorArgv } from './arguments.ts';
import { TrustedProxies } from './client-address.ts';
import { pages, renderPage } from './pages.ts';

const needed = ['--state', 's', '--control', 'c', '--listen', '127.0.0.1:80'];

test('flags become arguments with defaults', () => {
  expect(parseArguments([...needed, '--listen-fd', '3', '--trust-proxy', '10.0.0.0/8'])).toEqual({
    stateFile: 's',
    controlSocket: 'c',
    listen: { host: '127.0.0.1', port: 80 },
    listenFd: 3,
    tls: null,
    predecessor: null,
    drainTimeoutMs: 300_000,
    responseTimeoutMs: 60_000,
    trustedProxies: ['10.0.0.0/8'],
    acmeThumbprint: null,
  });
  expect(parseArguments(['--state', 's', '--control', 'c', '--listen', '[::]:80']).listen.host).toBe('::');
});

test('TLS needs an address and a folder', () => {
  const { tls } = parseArguments([...needed, '--listen-tls', '[::]:443', '--certificates', 'd']);
  expect(tls).toEqual({ listen: { host: '::', port: 443 }, listenFd: null, certificates: 'd' });
});

test.each([
  [[]],
  [['--listen', 'x']],
  [[...needed, '--listen-tls', '[::]:443']],
  [[...needed, '--listen-fd', 'x']],
  [[...needed, '--unknown']],
])('the command line %j is refused with what is allowed', (argv) => {
  expect(() => parseArguments(argv)).toThrow(expect.objectContaining({ code: 'traffic/invalid-arguments' }));
});

test('a successor of a successor names only its own predecessor and sockets', () => {
  const base = ['node', 'main.ts', ...needed];
  const first = successorArgv(base, { listenFd: 3, tlsListenFd: 4, predecessor: 'c.1' });
  expect(first).toEqual([...base, '--listen-fd', '3', '--listen-tls-fd', '4', '--predecessor', 'c.1']);
  expect(successorArgv(first, { listenFd: 3, tlsListenFd: null, predecessor: 'c.2' })).toEqual([
    ...base,
    '--listen-fd',
    '3',
    '--predecessor',
    'c.2',
  ]);
});

test('only proxies that are trusted may say who the client is', () => {
  const proxies = new TrustedProxies(['10.0.0.0/8', '::1']);
  expect(proxies.resolve('192.0.2.1', '1.1.1.1')).toEqual({ client: '192.0.2.1', forwardedFor: '192.0.2.1' });
  expect(proxies.resolve('10.0.0.1', '6.6.6.6, 192.0.2.1, 10.0.0.9')).toEqual({
    client: '192.0.2.1',
    forwardedFor: '6.6.6.6, 192.0.2.1, 10.0.0.9, 10.0.0.1',
  });
  expect(() => new TrustedProxies(['example.com'])).toThrow('not an address or range: example.com');
});

test('pages are JSON only for clients that take nothing else', () => {
  for (const accept of ['', '*/*', 'text/html,application/json', 'application/json, */*'])
    expect(renderPage(pages.maintenance, accept).type).toContain('text/html');
  for (const accept of ['application/json', 'application/problem+json;q=0.9'])
    expect(renderPage(pages.maintenance, accept).type).toContain('application/json');
});
