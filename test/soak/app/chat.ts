import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/*
 * A WebSocket with messages both ways, without a library, for a release holds only its own files. Text frames up to
 * 125 bytes: "n 7" is sent back, "p 1", "p 2" … come by themselves, and "bye" is answered with the counts of both.
 * At the app's end each is closed with 1001 and the same counts, so that nothing can be lost unseen.
 */
const pushEveryMs = 40;
const textFrame = 1;
const closeFrame = 8;
const goingAway = 1001;
const chats = new Set<{ leave(): void }>();

/** Answers an upgrade. */
export function acceptChat(request: IncomingMessage, socket: Duplex): void {
  const key = request.headers['sec-websocket-key'] ?? '';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const counts = { received: 0, pushed: 0 };
  const state = { open: true };
  const send = (kind: number, payload: Buffer) =>
    socket.write(Buffer.concat([Buffer.from([0x80 | kind, payload.length]), payload]));
  const say = (text: string) => send(textFrame, Buffer.from(text));
  const timer = setInterval(() => state.open && say(`p ${++counts.pushed}`), pushEveryMs);
  const stop = () => {
    state.open = false;
    clearInterval(timer);
  };
  const chat = {
    leave() {
      if (!state.open) return;
      stop();
      const reason = Buffer.from(`xx${counts.received} ${counts.pushed}`);
      reason.writeUInt16BE(goingAway);
      send(closeFrame, reason);
    },
  };
  const take = (kind: number, payload: Buffer) => {
    if (kind === closeFrame) {
      // Answers the client's close; after our own, this is its answer.
      if (state.open) send(closeFrame, payload);
      stop();
      socket.end();
    } else if (state.open && payload.toString() === 'bye') {
      clearInterval(timer);
      say(`bye ${counts.received} ${counts.pushed}`);
    } else if (state.open) {
      counts.received += 1;
      say(payload.toString());
    }
  };
  chats.add(chat);
  socket.on('error', () => {});
  socket.on('close', () => {
    stop();
    chats.delete(chat);
  });
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  readFrames(socket, take);
}

/** Tells everybody to come again elsewhere. */
export function leaveChats(): void {
  for (const chat of chats) chat.leave();
}

function readFrames(socket: Duplex, take: (kind: number, payload: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (let length = lengthOf(rest); length !== null && rest.length >= 6 + length; length = lengthOf(rest)) {
      const mask = rest.subarray(2, 6);
      const payload = rest.subarray(6, 6 + length).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
      const kind = (rest[0] ?? 0) & 0x0f;
      rest = rest.subarray(6 + length);
      take(kind, Buffer.from(payload));
    }
  });
}

function lengthOf(bytes: Buffer): number | null {
  return bytes.length < 6 ? null : (bytes[1] ?? 0) & 0x7f;
}
