import { FlagdCore } from '@openfeature/flagd-core';
import type { FlagDocument, FlagJson } from './model.ts';
import { interpreted, silent } from './schema.ts';

/** What is known of a user: `targetingKey` says who it is, all else is up to the app. */
export type FlagContext = Record<string, FlagJson>;

/** What a flag says to somebody. Without a value, the app takes the default that its code names. */
export type Outcome =
  | { kind: 'value'; value: FlagJson; variant: string; reason: string; metadata: Record<string, FlagJson> }
  | { kind: 'default'; reason: 'DEFAULT' | 'DISABLED'; metadata: Record<string, FlagJson> }
  | { kind: 'error'; code: ErrorCode; message: string; metadata: Record<string, FlagJson> };

/** As OpenFeature names them. @see https://openfeature.dev/specification/types#error-code */
export type ErrorCode = 'FLAG_NOT_FOUND' | 'TYPE_MISMATCH' | 'PARSE_ERROR' | 'GENERAL';

/** What a caller expects a flag to be. */
export type FlagType = 'boolean' | 'string' | 'number' | 'object';

/** A flag that is not as it was, in flagd's words for it. */
interface FlagDifference {
  key: string;
  how: 'write' | 'update' | 'delete';
}

/** One version of the flags of an environment, ready to be asked. It never changes: the next version is another one. */
export class FlagSnapshot {
  readonly version: number;
  readonly document: FlagDocument;
  /** The document as flagd's clients take it. */
  readonly text: string;
  readonly #core = new FlagdCore(undefined, silent, interpreted);

  /** @param document - One that `parseFlags` took. */
  constructor(version: number, document: FlagDocument) {
    this.version = version;
    this.document = document;
    this.text = JSON.stringify(document);
    this.#core.setConfigurations(this.text);
  }

  get metadata(): Record<string, FlagJson> {
    return this.document.metadata ?? {};
  }

  /** What a flag says to somebody; of another type than expected, it is an error. */
  resolve(key: string, context: FlagContext, expected?: FlagType): Outcome {
    const flag = this.#core.getFlag(key);
    if (!flag) return { ...error('FLAG_NOT_FOUND', `flag '${key}' not found`), metadata: this.metadata };
    const metadata = flag.metadata as Record<string, FlagJson>;
    if (flag.state === 'DISABLED') return { kind: 'default', reason: 'DISABLED', metadata };
    const answer = flag.evaluate(context);
    if (answer.reason === 'ERROR') {
      const code = String(answer.errorCode) === 'PARSE_ERROR' ? 'PARSE_ERROR' : 'GENERAL';
      return { ...error(code, answer.errorMessage ?? 'it cannot be evaluated'), metadata };
    }
    const { value, variant, reason } = answer;
    if (value === undefined || variant === undefined) return { kind: 'default', reason: 'DEFAULT', metadata };
    if (expected !== undefined && typeof value !== expected)
      return { ...error('TYPE_MISMATCH', `flag '${key}' is not of type ${expected}`), metadata };
    return { kind: 'value', value, variant, reason, metadata };
  }

  /** Every flag that has a value for somebody, by key. */
  resolveAll(context: FlagContext): { key: string; outcome: Extract<Outcome, { kind: 'value' }> }[] {
    return [...this.#core.getFlags().keys()].flatMap((key) => {
      const outcome = this.resolve(key, context);
      return outcome.kind === 'value' ? [{ key, outcome }] : [];
    });
  }

  /** Keys of flags that are not as they were: new, gone, or other in themselves or in a shared rule. */
  changedSince(before: FlagSnapshot): FlagDifference[] {
    const [old, now] = [before.#core.getFlags(), this.#core.getFlags()];
    const keys = [...new Set([...old.keys(), ...now.keys()])];
    return keys.flatMap((key): FlagDifference[] => {
      const [was, is] = [old.get(key)?.hash, now.get(key)?.hash];
      if (was === is) return [];
      return [{ key, how: was === undefined ? 'write' : is === undefined ? 'delete' : 'update' }];
    });
  }
}

function error(code: ErrorCode, message: string) {
  return { kind: 'error' as const, code, message };
}
