import { unreachable } from '../../diagnostics/index.ts';

/** The head of an app's response with its end-to-end headers. */
export interface AppHead {
  status: number;
  /** Name, value, name, value. */
  headers: string[];
  /** Of the body as announced; -1 when it is not known before its end. */
  lengthBytes: number;
  /** It may be silent for long, and how long it takes says nothing about the app. */
  eventStream: boolean;
}

/** What a parser tells while it reads. */
export interface ParserEvents {
  onHead(head: AppHead): void;
  /** The bytes are only lent until the call returns. */
  onBody(bytes: Buffer): void;
  onEnd(trailers: [string, string][]): void;
}

/** The app broke HTTP/1.1; its connection cannot be used any more. */
export class ProtocolError extends Error {}

/** Headers that end at the router (RFC 9110, section 7.6.1). */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const maxHeadBytes = 64 * 1024;
const maxLineBytes = 8 * 1024;
const lineEnd = Buffer.from('\r\n');
const headEnd = Buffer.from('\r\n\r\n');
const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [^\0\r\n]*)?$/;
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Control characters have no place in a value (RFC 9110, section 5.5). */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const badValue = /[\0-\x08\x0a-\x1f\x7f]/;

/*
 *  idle ──begin──► head ──► length ──────────────────────► idle
 *                   │ ▲1xx  chunk-size ◄─► chunk-data
 *                   │           └──► trailers ───────────► idle
 *                   └──────► until-close ──connection ends─► idle
 */
type State = 'idle' | 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'trailers' | 'until-close';

/**
 * Reads the responses of one connection, one after the other. Strict: what two parsers could read differently is a
 * `ProtocolError`. It exists because it costs a third of a general client, which is what the router's speed hangs on.
 *
 * @see RFC 9112, sections 4, 6 and 7
 */
export class ResponseParser {
  readonly #events: ParserEvents;
  #state: State = 'idle';
  #bodiless = false;
  #left = 0;
  #pending: Buffer | undefined;
  #trailers: [string, string][] = [];
  #keepAlive = true;
  /** Seconds that the app keeps an idle connection, by its own word; -1 when it did not say. */
  keepAliveSeconds = -1;

  constructor(events: ParserEvents) {
    this.#events = events;
  }

  /** Whether the connection may carry another request, once the state is idle. */
  get reusable(): boolean {
    return this.#state === 'idle' && this.#keepAlive && this.#pending === undefined;
  }

  /** A request was sent; a response may come. */
  begin(method: string): void {
    this.#state = 'head';
    this.#bodiless = method === 'HEAD';
    this.#keepAlive = true;
  }

  /** @throws ProtocolError */
  read(lent: Buffer): void {
    let bytes = this.#pending ? Buffer.concat([this.#pending, lent]) : lent;
    this.#pending = undefined;
    while (bytes.length > 0) {
      const used = this.#step(bytes);
      if (used < 0) {
        // A copy: the bytes are lent, and every connection reads into the same buffer.
        this.#pending = Buffer.from(bytes);
        return;
      }
      bytes = bytes.subarray(used);
    }
  }

  /** The connection ended. @throws ProtocolError when that cuts a response off. */
  end(): void {
    if (this.#state === 'until-close') this.#finish();
    else if (this.#state !== 'idle') throw new ProtocolError('the connection ended within a response');
  }

  /** @returns How many bytes were used; -1 when more are needed. */
  #step(bytes: Buffer): number {
    switch (this.#state) {
      case 'idle':
        throw new ProtocolError('bytes that nobody asked for');
      case 'head':
        return this.#readHead(bytes);
      case 'chunk-size':
        return this.#readChunkSize(bytes);
      case 'trailers':
        return this.#readTrailer(bytes);
      case 'until-close':
        this.#events.onBody(bytes);
        return bytes.length;
      case 'length':
        return this.#readCounted(bytes);
      case 'chunk-data':
        return this.#left > 0 ? this.#readCounted(bytes) : this.#readChunkEnd(bytes);
      default:
        return unreachable(this.#state);
    }
  }

  #readCounted(bytes: Buffer): number {
    const part = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= part.length;
    this.#events.onBody(part);
    if (this.#left === 0 && this.#state === 'length') this.#finish();
    return part.length;
  }

  #readChunkEnd(bytes: Buffer): number {
    if (bytes.length < 2) return -1;
    if (bytes[0] !== 13 || bytes[1] !== 10) throw new ProtocolError('a chunk is longer than it said');
    this.#state = 'chunk-size';
    return 2;
  }

  #readChunkSize(bytes: Buffer): number {
    const end = lineIn(bytes);
    if (end < 0) return -1;
    const match = /^([0-9a-f]{1,12})[\t ]*(?:;[^\r\n]*)?$/i.exec(bytes.toString('latin1', 0, end));
    if (!match?.[1]) throw new ProtocolError('a chunk size that is not a number');
    this.#left = Number.parseInt(match[1], 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk-data';
    return end + 2;
  }

  #readTrailer(bytes: Buffer): number {
    const end = lineIn(bytes);
    if (end < 0) return -1;
    if (end === 0) {
      this.#finish();
      return 2;
    }
    if (this.#trailers.length >= 64) throw new ProtocolError('too many trailers');
    const [name, value] = splitHeader(bytes.toString('latin1', 0, end));
    if (!hopByHop.has(name.toLowerCase())) this.#trailers.push([name, value]);
    return end + 2;
  }

  #readHead(bytes: Buffer): number {
    const end = bytes.indexOf(headEnd);
    if (end < 0 && bytes.length <= maxHeadBytes) return -1;
    if (end < 0 || end > maxHeadBytes) throw new ProtocolError('the head of a response is too large');
    const lines = bytes.toString('latin1', 0, end).split('\r\n');
    const match = statusLine.exec(lines[0] ?? '');
    if (!match) throw new ProtocolError('the status line is not HTTP/1.1');
    const status = Number(match[2]);
    if (status === 101) throw new ProtocolError('another protocol that nobody asked for');
    // Interim responses (100, 102, 103) end here.
    if (status >= 200) this.#takeHead(status, match[1] === '1', lines);
    return end + 4;
  }

  #takeHead(status: number, persistent: boolean, lines: readonly string[]): void {
    const fields = readFields(lines);
    const closes = /(^|,)\s*close\s*(,|$)/i.test(fields.connection);
    this.#keepAlive = !closes && (persistent || /(^|,)\s*keep-alive\s*(,|$)/i.test(fields.connection));
    if (fields.keepAlive !== '')
      this.keepAliveSeconds = Number(/timeout=(\d+)/.exec(fields.keepAlive)?.[1] ?? -1);
    const { lengthBytes, chunked } = fields;
    const empty = this.#bodiless || status === 204 || status === 304 || (lengthBytes === 0 && !chunked);
    // A body behind a response that has none would be read as the next response.
    if (!this.#bodiless && (status === 204 || status === 304) && (lengthBytes > 0 || chunked))
      this.#keepAlive = false;
    this.#left = Math.max(lengthBytes, 0);
    if (chunked) this.#state = 'chunk-size';
    else this.#state = lengthBytes >= 0 ? 'length' : 'until-close';
    if (!empty && this.#state === 'until-close') this.#keepAlive = false;
    this.#events.onHead({ status, headers: fields.headers, lengthBytes, eventStream: fields.eventStream });
    if (empty) this.#finish();
  }

  #finish(): void {
    this.#state = 'idle';
    const trailers = this.#trailers;
    if (trailers.length > 0) this.#trailers = [];
    this.#events.onEnd(trailers);
  }
}

interface Fields {
  headers: string[];
  lengthBytes: number;
  chunked: boolean;
  connection: string;
  keepAlive: string;
  eventStream: boolean;
}

function readFields(lines: readonly string[]): Fields {
  const fields: Fields = {
    headers: [],
    lengthBytes: -1,
    chunked: false,
    connection: '',
    keepAlive: '',
    eventStream: false,
  };
  for (let index = 1; index < lines.length; index++) {
    const [name, value] = splitHeader(lines[index] ?? '');
    takeField(fields, name, value);
  }
  if (fields.chunked && fields.lengthBytes >= 0)
    throw new ProtocolError('both Content-Length and Transfer-Encoding');
  if (fields.connection !== '' && !/^(keep-alive|close)$/i.test(fields.connection)) dropNamed(fields);
  return fields;
}

function takeField(fields: Fields, name: string, value: string): void {
  const lower = name.toLowerCase();
  if (!hopByHop.has(lower)) fields.headers.push(name, value);
  switch (lower) {
    case 'content-length':
      if (fields.lengthBytes >= 0 || !/^\d{1,15}$/.test(value))
        throw new ProtocolError('Content-Length is not one number');
      fields.lengthBytes = Number(value);
      break;
    case 'transfer-encoding':
      if (fields.chunked || value.toLowerCase() !== 'chunked')
        throw new ProtocolError('a Transfer-Encoding other than chunked');
      fields.chunked = true;
      break;
    case 'connection':
      fields.connection = fields.connection === '' ? value : `${fields.connection},${value}`;
      break;
    case 'keep-alive':
      fields.keepAlive = value;
      break;
    case 'content-type':
      fields.eventStream = value.startsWith('text/event-stream');
      break;
    default:
  }
}

function dropNamed(fields: Fields): void {
  const named = new Set(fields.connection.toLowerCase().split(/\s*,\s*/));
  named.delete('content-length');
  fields.headers = fields.headers.filter(
    (_, index, all) => !named.has((all[index - (index % 2)] ?? '').toLowerCase()),
  );
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  const name = line.slice(0, colon);
  const value = line.slice(colon + 1).trim();
  if (colon < 1 || !headerName.test(name) || badValue.test(value))
    throw new ProtocolError('a header line that is none');
  return [name, value];
}

function lineIn(bytes: Buffer): number {
  const end = bytes.indexOf(lineEnd);
  if (end > maxLineBytes || (end < 0 && bytes.length > maxLineBytes))
    throw new ProtocolError('a line is too long');
  return end;
}
