import type { IncomingMessage, ServerResponse } from 'node:http';

/** Codes of Twirp's errors that are used here. @see https://twitchtv.github.io/twirp/docs/spec_v7.html */
const statusOf = {
  malformed: 400,
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  bad_route: 404,
  not_found: 404,
  already_exists: 409,
  resource_exhausted: 413,
  internal: 500,
} as const;

/** Name of an answer that says no. */
export type ProblemCode = keyof typeof statusOf;

/** A request that cannot be served; its message is what the toolkit shows to the user. */
export class RequestProblem extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode, message: string) {
    super(message);
    this.code = code;
  }
}

const largestJsonBytes = 1024 * 1024;

/** Reads a small JSON object. */
export async function readJsonBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const text = await readText(request, largestJsonBytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RequestProblem('malformed', 'the body is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RequestProblem('malformed', 'the body is no object');
  return value as Record<string, unknown>;
}

/** Reads a body that has to be small. */
export async function readText(request: IncomingMessage, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) throw new RequestProblem('resource_exhausted', 'the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** Answers with what went wrong. A full disk and the like are told as they are, and are not tried again. */
export function sendProblem(response: ServerResponse, error: unknown): void {
  const code = error instanceof RequestProblem ? error.code : 'internal';
  const message = error instanceof Error ? error.message : String(error);
  if (response.headersSent) response.destroy();
  else
    sendJson(response, (error as NodeJS.ErrnoException).code === 'ENOSPC' ? 507 : statusOf[code], {
      code,
      msg: message,
    });
}

/** A text of a request, which has to be there. */
export function textField(body: Record<string, unknown>, name: string): string {
  const value = field(body, name);
  if (typeof value === 'string' && value !== '') return value;
  throw new RequestProblem('invalid_argument', `${name} is required`);
}

/** A wrapped text (`StringValue`), which JSON writes like a plain one. */
export function optionalText(body: Record<string, unknown>, name: string): string | undefined {
  const value = field(body, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new RequestProblem('invalid_argument', `${name} is not a text`);
}

/** The toolkits write snake_case; protobuf's JSON allows lowerCamelCase as well. */
function field(body: Record<string, unknown>, name: string): unknown {
  return body[name] ?? body[name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())];
}

/** The texts of a list. */
export function textList(body: Record<string, unknown>, name: string): string[] {
  const value = field(body, name) ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new RequestProblem('invalid_argument', `${name} is not a list of texts`);
}
