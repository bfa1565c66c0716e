import { connect } from 'node:net';

const answerTimeoutMs = 2_000;

/** Requests that nginx is at, all scopes and workers together; null when it does not say. */
export async function readBusy(statusSocket: string): Promise<number | null> {
  try {
    return parseBusy(await ask(statusSocket));
  } catch {
    return null;
  }
}

/** Reads the text of `stub_status`, the question itself left out. */
export function parseBusy(text: string): number | null {
  const match = /Reading: (\d+) Writing: (\d+)/.exec(text);
  return match ? Math.max(0, Number(match[1]) + Number(match[2]) - 1) : null;
}

function ask(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ path }, () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    socket.setEncoding('latin1').setTimeout(answerTimeoutMs, () => socket.destroy(new Error('no answer')));
    socket.on('data', (piece: string) => (text += piece));
    socket.on('error', reject).on('close', () => resolve(text));
  });
}
