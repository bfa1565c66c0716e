import { createConnection } from 'node:net';

/** Sends one command to Redis and returns its answer as text: RESP in its simplest form, a connection each. */
export function ask(...words: string[]): Promise<string> {
  const command = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('');
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: process.env['CACHE'] ?? 'localhost', port: 6379, timeout: 3_000 });
    let text = '';
    socket.on('timeout', () => socket.destroy(new Error('the cache does not answer')));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      text += chunk.toString();
      const line = /^([+\-:])(.*)\r\n/.exec(text) ?? /^(\$)(?:-1|\d+\r\n(.*))\r\n/.exec(text);
      if (!line) return;
      socket.end();
      if (line[1] === '-') reject(new Error(`cache: ${line[2]}`));
      else resolve(line[2] ?? '');
    });
    socket.write(`*${words.length}\r\n${command}`);
  });
}
