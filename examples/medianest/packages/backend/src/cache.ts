import { connect, type Socket } from 'node:net';
import { log } from './log.ts';

/** Keeps texts for a while. It never fails: what cannot be reached has nothing and keeps nothing. */
export interface Cache {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
  close(): void;
}

const keptSeconds = 3600;
const patienceMs = 1000;

/** Redis at `redis://host[:port]`: one connection, made when it is needed and made anew when it broke. */
export function openCache(url: string): Cache {
  const { hostname, port } = new URL(url);
  let connection: Connection | null = null;
  const ask = async (words: string[]): Promise<string | null> => {
    try {
      connection ??= openConnection(hostname, Number(port || 6379), () => {
        connection = null;
      });
      return await connection.ask(words);
    } catch (error) {
      log('warn', 'cache not reached', { error: String(error) });
      return null;
    }
  };
  return {
    get: (key) => ask(['GET', key]),
    set: async (key, value) => void (await ask(['SET', key, value, 'EX', String(keptSeconds)])),
    close: () => connection?.end(),
  };
}

interface Connection {
  ask(words: string[]): Promise<string | null>;
  end(): void;
}

interface Waiting {
  resolve(reply: string | null): void;
  reject(error: Error): void;
}

/** Answers come in the order of the questions, so each goes to the one who has waited longest. */
function openConnection(host: string, port: number, onEnd: () => void): Connection {
  const waiting: Waiting[] = [];
  let received: Buffer = Buffer.alloc(0);
  const socket: Socket = connect({ host, port, noDelay: true });
  const fail = (error: Error) => {
    onEnd();
    socket.destroy();
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  socket.setTimeout(patienceMs, () => {
    if (waiting.length > 0) fail(new Error(`no answer within ${patienceMs} ms`));
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('connection closed')));
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (let reply = readReply(received); reply !== null; reply = readReply(received)) {
      received = received.subarray(reply.sizeBytes);
      const next = waiting.shift();
      if (reply.error === null) next?.resolve(reply.value);
      else next?.reject(new Error(reply.error));
    }
  });
  return {
    ask: (words) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        socket.write(commandOf(words));
      }),
    end: () => socket.end(),
  };
}

/** A command in Redis's own notation, RESP. */
export function commandOf(words: string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

/** The first whole answer: a text, nothing, or an error; null while some of it is still on its way. */
function readReply(received: Buffer) {
  const end = received.indexOf('\r\n');
  if (end < 0) return null;
  const line = received.toString('utf8', 1, end);
  const kind = String.fromCharCode(received[0] ?? 0);
  if (kind === '-') return { value: null, error: line, sizeBytes: end + 2 };
  if (kind !== '$') return { value: line, error: null, sizeBytes: end + 2 };
  const lengthBytes = Number(line);
  if (lengthBytes < 0) return { value: null, error: null, sizeBytes: end + 2 };
  const sizeBytes = end + 2 + lengthBytes + 2;
  if (received.length < sizeBytes) return null;
  const value = received.toString('utf8', end + 2, end + 2 + lengthBytes);
  return { value, error: null, sizeBytes };
}
