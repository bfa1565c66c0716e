import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { addOne, type Tally } from './tally.ts';

const talkEveryMs = 30;
const answerTimeoutMs = 60_000;
const closed = 1_000;
const goingAway = 1_001;

/**
 * One WebSocket: messages are sent one by one and must come back, others come by themselves and must be numbered
 * without a gap. After its time the app says how many it has received and sent; the counts must agree.
 *
 * @param lifeMs - Null stays until the app closes it politely (1001), with the same counts as its reason.
 */
export async function chat(port: number, lifeMs: number | null, tally: Tally): Promise<void> {
  const { chats } = tally.report;
  const beganMs = Date.now();
  const talk = new Talk(port);
  tally.report.requests += 1;
  chats.open += 1;
  try {
    addOne(chats.closes, String(await talk.run(lifeMs)));
  } catch (error) {
    tally.failed({
      beganMs,
      what: 'chat',
      connection: lifeMs === null ? 'WebSocket that stays' : `WebSocket of ${lifeMs} ms`,
      reason: `${(error as Error).message}; ${JSON.stringify(talk.counts)}`,
    });
  } finally {
    chats.open -= 1;
    chats.messagesSent += talk.counts.sent;
    chats.messagesReceived += talk.counts.echoed + talk.counts.pushed;
  }
}

class Talk {
  readonly counts = { sent: 0, echoed: 0, pushed: 0 };
  readonly #socket: WebSocket;
  /** What the app said at the end: messages received and sent. */
  #farewell: string | null = null;

  constructor(port: number) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/chat`, { handshakeTimeout: answerTimeoutMs });
  }

  /** @returns The code with which it was closed. */
  run(lifeMs: number | null): Promise<number> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const end = (error: Error) => {
        reject(error);
        socket.terminate();
      };
      socket.on('error', reject);
      socket.on('open', () => void this.#talk(lifeMs).catch(end));
      socket.on('message', (data: Buffer) => {
        const wrong = this.#take(data.toString());
        if (wrong !== null) end(new Error(wrong));
      });
      socket.on('close', (code, reason) => {
        const wrong = this.#judge(lifeMs, code, reason.toString());
        if (wrong === null) resolve(code);
        else reject(new Error(wrong));
      });
    });
  }

  async #talk(lifeMs: number | null): Promise<void> {
    const socket = this.#socket;
    const until = performance.now() + (lifeMs ?? Infinity);
    const isOpen = () => socket.readyState === WebSocket.OPEN;
    while (isOpen() && performance.now() < until) {
      socket.send(`n ${++this.counts.sent}`);
      const deadline = performance.now() + answerTimeoutMs;
      do {
        await sleep(talkEveryMs);
        if (performance.now() > deadline) throw new Error('a message was not answered');
      } while (isOpen() && this.counts.echoed < this.counts.sent);
    }
    if (!isOpen()) return;
    socket.send('bye');
    await sleep(answerTimeoutMs, undefined, { ref: false });
    if (socket.readyState !== WebSocket.CLOSED) throw new Error('the goodbye was not answered');
  }

  /** @returns What is wrong with the message. */
  #take(text: string): string | null {
    const [kind, first] = text.split(' ');
    if (kind === 'p' && Number(first) === this.counts.pushed + 1) this.counts.pushed += 1;
    else if (kind === 'n' && Number(first) === this.counts.echoed + 1) this.counts.echoed += 1;
    else if (kind === 'bye') {
      this.#farewell = text.slice('bye '.length);
      this.#socket.close(closed);
    } else return `"${text}" came`;
    return null;
  }

  #judge(lifeMs: number | null, code: number, reason: string): string | null {
    const { sent, echoed, pushed } = this.counts;
    // What was on its way when the app said goodbye has not been taken, and this side knows it.
    const expected = `${echoed} ${pushed}`;
    if (lifeMs === null)
      return code === goingAway && reason === expected ? null : `cut with ${code} "${reason}"`;
    if (code !== closed) return `cut with ${code} "${reason}"`;
    return sent === echoed && this.#farewell === expected ? null : `the app counted ${this.#farewell}`;
  }
}
