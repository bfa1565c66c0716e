import { request, type RequestListener, type RequestOptions, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RouterAbilities } from '../../../src/delivery/index.ts';
import { abilities, type ProgramKind } from '../../../src/traffic/index.ts';
import { get, routes, startRig, until, type App, type Rig } from '../rig.ts';

/** Where routers differ, and why that is all right. Everything else holds for all of them. */
export interface Differences {
  /** Hundredths of 1,000 requests by which a share may miss its weight: 0 where sessions are dealt out in turn, above four standard deviations of a share where they draw. */
  shareErrorPercent: number;
  /**
   * A length beside an encoding is refused, or the length is dropped so that only one reading is left and the app
   * never sees what stands behind (RFC 9112, section 6.3, allows both).
   */
  lengthBesideEncoding: 'refused' | 'dropped';
  /**
   * Whether a request with a body survives that the app closes the idle connection at the very moment it is sent on
   * it. It may not be sent twice, so this takes a router that looks before it sends.
   */
  bodyOnClosingConnection: 'survives' | 'may fail';
  /**
   * Whether a session has an id of its own, which it keeps when it moves and of which the app sees nothing. Else the
   * cookie names the revision only, and sessions are counted by address and browser.
   */
  sessionIds: 'kept' | 'none';
  /** Whether a change of routes holds for all requests from one moment on, or old and new ones hold side by side a while. */
  changes: 'at once' | 'side by side';
  /** Whether an answer that an app broke off is told from one that a client left. */
  brokenAnswers: 'counted' | 'not told';
  /** Whether somebody who asks for an event stream and leaves before it begins counts with a time; no stream has one. */
  streamsNotBegun: 'not timed' | 'timed';
  /** How long an app may be silent; where that goes for a body, too, it must outlast a switch. */
  responseTimeoutMs: number;
}

const allRevisions = ['r1', 'r2', 'r3'];

/** What an app does for the revision that it is. */
export type Serve = (id: string, ...parts: Parameters<RequestListener>) => void;

/** Says which revision it is, and what it was told; of a POST, how many bytes came. */
export const plain: Serve = (id, request, response) => {
  let sizeBytes = 0;
  request.on('data', (chunk: Buffer) => (sizeBytes += chunk.length));
  request.on('end', () => {
    response.setHeader('x-revision', id);
    response.end(request.method === 'POST' ? String(sizeBytes) : JSON.stringify(request.headers));
  });
};

/** One router with three apps behind it, for all tests of a suite. */
export class Suite {
  apps: App[] = [];
  fence = 0;
  /** What the apps do; each test says. */
  serve: Serve = plain;
  readonly able: RouterAbilities;
  readonly #kind: 'embedded' | ProgramKind;
  #rig: Rig | undefined;

  constructor(kind: 'embedded' | ProgramKind) {
    this.#kind = kind;
    this.able = abilities[kind];
  }

  async start({ responseTimeoutMs }: Differences): Promise<void> {
    this.#rig = await startRig(['--response-timeout-ms', String(responseTimeoutMs)], this.#kind);
    this.apps = await Promise.all(
      allRevisions.map((id) => this.rig.app((...parts) => this.serve(id, ...parts))),
    );
  }

  async close(): Promise<void> {
    await this.#rig?.close();
  }

  get rig(): Rig {
    if (!this.#rig) throw new Error('the suite was not started');
    return this.#rig;
  }

  port(index: number): number {
    return this.apps[index]?.port ?? 0;
  }

  apply(...parts: Parameters<typeof routes>): Promise<void> {
    return this.rig.router.apply(routes(...parts), ++this.fence);
  }

  observe() {
    return this.rig.router.observe('shop/production');
  }

  async of(id: string) {
    const found = (await this.observe()).revisions.find((one) => one.id === id);
    if (!found) throw new Error(`${id} is not observed`);
    return found;
  }

  /**
   * Asks, and leaves so many milliseconds after the app has got the request and, where it begins an answer, that has come.
   *
   * @param begin - What the app does; silent without it.
   */
  async leave(
    afterMs: number,
    { body, ...options }: RequestOptions & { body?: string } = {},
    begin?: (response: ServerResponse) => void,
  ): Promise<void> {
    let begun = false;
    this.serve = (_id, asked, response) => {
      asked.resume();
      if (begin) begin(response);
      else begun = true;
    };
    const outgoing = request({ host: '127.0.0.1', port: this.rig.port, agent: false, ...options });
    outgoing.on('error', () => {});
    outgoing.on('response', (response) => response.once('data', () => (begun = true)));
    outgoing.end(body);
    await until(() => begun);
    await sleep(afterMs);
    outgoing.destroy();
    this.serve = plain;
  }

  async revisionOf(options: Parameters<typeof get>[1] = {}): Promise<string> {
    return String((await get(this.rig.port, options)).headers['x-revision']);
  }
}
