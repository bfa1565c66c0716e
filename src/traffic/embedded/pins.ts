import type { Routes } from '../../delivery/index.ts';
import { cookieValues } from './session-cookie.ts';

/** What of a request a pin may look at. */
export interface PinnedRequest {
  /** Lower case, without port. */
  host: string;
  cookie: string;
  /** Name, value, name, value, as they came. */
  rawHeaders: readonly string[];
}

/** The pins of a scope. A preview host decides before a header, and a header before a cookie. */
export class Pins {
  readonly #byHost = new Map<string, string>();
  readonly #byHeader: { name: string; value: string; revision: string }[] = [];
  readonly #byCookie: { name: string; value: string; revision: string }[] = [];

  constructor(pins: Routes['pins']) {
    for (const { by, revision } of pins)
      if (by.kind === 'host') this.#byHost.set(by.host, revision);
      else if (by.kind === 'header')
        this.#byHeader.push({ name: by.name.toLowerCase(), value: by.value, revision });
      else this.#byCookie.push({ name: by.name, value: by.value, revision });
  }

  /** The revision that a request must go to, if any pin says so. */
  revisionFor(request: PinnedRequest): string | undefined {
    return (
      (this.#byHost.size > 0 ? this.#byHost.get(request.host) : undefined) ??
      this.#byHeader.find((pin) => hasHeader(request.rawHeaders, pin))?.revision ??
      this.#byCookie.find((pin) => cookieValues(request.cookie, pin.name).includes(pin.value))?.revision
    );
  }
}

function hasHeader(rawHeaders: readonly string[], { name, value }: { name: string; value: string }): boolean {
  for (let index = 0; index < rawHeaders.length; index += 2)
    if (rawHeaders[index]?.toLowerCase() === name && rawHeaders[index + 1] === value) return true;
  return false;
}
