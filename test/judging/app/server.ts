import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/*
 * Says in each answer which version gave it. What a bad version does is in version.json, which is in its image. Times
 * have a long tail, as those of real apps.
 */
interface Behaviour {
  name: string;
  /** Share of requests that are answered 500, 0-1. */
  fails: number;
  /** How many times as long as usual everything takes. */
  slower: number;
  leaksMegabytesEachSecond: number;
  /** Null lives on. */
  endsEverySeconds: number | null;
}

const { name, fails, slower, leaksMegabytesEachSecond, endsEverySeconds } = JSON.parse(
  readFileSync('version.json', 'utf8'),
) as Behaviour;
const medianMs = 20;
const spread = 0.5;
const leakTickMs = 200;
const leaked: Buffer[] = [];

const server = createServer((request, response) => {
  if (request.url === '/ready') {
    response.end();
    return;
  }
  response.setHeader('x-version', name);
  response.statusCode = Math.random() < fails ? 500 : 200;
  void sleep(medianMs * slower * Math.exp(spread * normal())).then(() => response.end('hello\n'));
});

/** @see Box, Muller, "A Note on the Generation of Random Normal Deviates", 1958 */
function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

const leak = () => leaked.push(Buffer.alloc((leaksMegabytesEachSecond * 2 ** 20 * leakTickMs) / 1_000, 1));
if (leaksMegabytesEachSecond > 0) setInterval(leak, leakTickMs).unref();
if (endsEverySeconds !== null) setTimeout(() => process.exit(1), endsEverySeconds * 1_000).unref();

server.listen(Number(process.env['PORT']));
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
