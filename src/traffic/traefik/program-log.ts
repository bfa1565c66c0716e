import { readFileSync, statSync } from 'node:fs';
import { CodedError } from '../../diagnostics/index.ts';

/** What Traefik says of itself from a moment on. */
export class ProgramLog {
  readonly #file: string;
  readonly #fromBytes: number;

  constructor(file: string) {
    this.#file = file;
    this.#fromBytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /**
   * Traefik serves the rest of a configuration without the parts that it does not understand, and says so.
   *
   * @throws CodedError `traffic/control-failed`
   */
  requireTaken(): void {
    const notes = this.#errors();
    if (notes.length === 0) return;
    throw new CodedError('traffic/control-failed', `Traefik left out a part of the routes: ${notes[0]}`, {
      notes,
      help: `report it with Traefik's log: ${this.#file}`,
    });
  }

  /** Errors about what is ours. */
  #errors(): string[] {
    const text = statSync(this.#file, { throwIfNoEntry: false })
      ? readFileSync(this.#file).subarray(this.#fromBytes).toString()
      : '';
    return text.split('\n').flatMap((line) => {
      const said = parsed(line);
      const about = [said['routerName'], said['serviceName'], said['middlewareName']].map(String);
      const ours = about.find((name) => name.startsWith('slipway-'));
      return said['level'] === 'error' && ours !== undefined
        ? [`${ours}: ${String(said['error'] ?? said['message'])}`]
        : [];
    });
  }
}

function parsed(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}
