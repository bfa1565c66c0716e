import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import type { DescService } from '@bufbuild/protobuf';
import type { FlagContext, FlagJson, FlagSnapshot, FlagType, Outcome } from '../flags/index.ts';
import type { Feed } from './feed.ts';
import { addService } from './protocol.ts';

/** So often a stream without news says that it is still there, as flagd's does. */
const keepAliveMs = 20_000;

const kinds = {
  Boolean: 'boolean',
  String: 'string',
  Float: 'number',
  Int: 'number',
  Object: 'object',
} as const;

interface Asked {
  flagKey: string;
  context?: FlagContext;
}

/** Answers flagd.evaluation: one flag, all flags, and a stream of which flags have changed. */
export function addEvaluation(router: ConnectRouter, service: DescService, feed: Feed): void {
  const isFirst = service.typeName.includes('.v1.');
  const calls = Object.entries(kinds).map(([kind, type]) => [
    `resolve${kind}`,
    (request: unknown) => {
      const { flagKey, context = {} } = request as Asked;
      const outcome = feed.now.resolve(flagKey, context, type);
      return isFirst ? requireValue(outcome, kind) : answerOf(outcome, kind);
    },
  ]);
  addService(router, service, {
    ...Object.fromEntries(calls),
    resolveAll: (request) => allOf(feed.now, (request as Partial<Asked>).context ?? {}),
    eventStream: (_request, { signal }) => eventsOf(feed, signal),
  });
}

function answerOf(outcome: Outcome, kind: string) {
  if (outcome.kind === 'error') throw failureOf(outcome);
  const { reason, metadata } = outcome;
  if (outcome.kind === 'default') return { reason, metadata };
  return { value: valueFor(kind, outcome.value), variant: outcome.variant, reason, metadata };
}

/** The first version cannot say that there is no value; an app takes its own default for a flag that is not there. */
function requireValue(outcome: Outcome, kind: string) {
  if (outcome.kind !== 'default') return answerOf(outcome, kind);
  throw new ConnectError(`the flag has no value: ${outcome.reason}`, Code.NotFound);
}

const codes = {
  FLAG_NOT_FOUND: Code.NotFound,
  TYPE_MISMATCH: Code.InvalidArgument,
  PARSE_ERROR: Code.DataLoss,
  GENERAL: Code.Unknown,
} as const;

function failureOf({ code, message }: Extract<Outcome, { kind: 'error' }>): ConnectError {
  return new ConnectError(message, codes[code]);
}

function valueFor(kind: string, value: FlagJson): FlagJson | bigint {
  return kind === 'Int' && typeof value === 'number' ? BigInt(Math.trunc(value)) : value;
}

function allOf(snapshot: FlagSnapshot, context: FlagContext) {
  const flags = snapshot.resolveAll(context).map(({ key, outcome }) => {
    const { variant, reason, metadata } = outcome;
    return [key, { variant, reason, metadata, value: anyValue(outcome.value) }] as const;
  });
  return { flags: Object.fromEntries(flags), metadata: snapshot.metadata };
}

const fields: Partial<Record<string, string>> = {
  boolean: 'boolValue',
  string: 'stringValue',
  number: 'doubleValue',
  object: 'objectValue',
} satisfies Record<FlagType, string>;

function anyValue(value: FlagJson) {
  return { case: fields[typeof value], value };
}

async function* eventsOf(feed: Feed, signal: AbortSignal) {
  let before: FlagSnapshot | null = null;
  for await (const next of feed.versions(signal, keepAliveMs)) {
    if (next === null) yield { type: 'keep_alive' };
    else if (before === null) yield { type: 'provider_ready' };
    else yield { type: 'configuration_change', data: { flags: changesFor(before, next) } };
    before = next ?? before;
  }
}

function changesFor(before: FlagSnapshot, next: FlagSnapshot) {
  const changes = next.changedSince(before);
  return Object.fromEntries(changes.map(({ key, how }) => [key, { type: how, flagKey: key }]));
}
