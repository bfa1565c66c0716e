import { readFileSync } from 'node:fs';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature, type Client } from '@openfeature/server-sdk';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { services } from '../../src/flagd/protocol.ts';
import type { Flag, FlagDocument } from '../../src/flags/index.ts';
import { signal, startRig, until, type Rig } from '../rig/index.ts';

/* The official SDK of OpenFeature with its provider for flagd, and plain clients, against a real server. */

const place = { app: 'rig', environment: 'production' };
const modes = ['rpc', 'in-process'] as const;
type Mode = (typeof modes)[number];

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});

afterEach(() => OpenFeature.close());

afterAll(() => rig.close());

const apply = (document: FlagDocument) =>
  rig.client.changeFlags({
    ...place,
    actor: 'ana',
    wish: { kind: 'apply', file: 'flags.json', text: JSON.stringify(document) },
  });

async function portOfFlags(): Promise<number> {
  const { address } = await rig.client.flags(place);
  return Number(address?.split(':')[1]);
}

async function connect(resolverType: Mode): Promise<Client> {
  const provider = new FlagdProvider({
    host: '127.0.0.1',
    port: await portOfFlags(),
    resolverType,
    // By itself it looks again after two minutes; apps are told a second.
    retryBackoffMaxMs: 1_000,
  });
  await OpenFeature.setProviderAndWait(resolverType, provider);
  return OpenFeature.getClient(resolverType);
}

const onOff = { state: 'ENABLED', variants: { on: true, off: false } } as const;
const flags: FlagDocument = {
  flags: {
    checkout: { ...onOff, defaultVariant: 'on' },
    theme: { state: 'ENABLED', variants: { light: '#fff', dark: '#000' }, defaultVariant: 'light' },
    seats: { state: 'ENABLED', variants: { few: 3, many: 50.5 }, defaultVariant: 'many' },
    limits: { state: 'ENABLED', variants: { small: { seats: 3, tags: ['a'] } }, defaultVariant: 'small' },
    reports: { ...onOff, defaultVariant: 'off', targeting: { if: [{ $ref: 'isPro' }, 'on'] } },
    beta: {
      ...onOff,
      defaultVariant: 'off',
      targeting: { if: [{ ends_with: [{ var: 'mail' }, '@example.com'] }, 'on', 'off'] },
    },
    newer: {
      ...onOff,
      defaultVariant: 'off',
      targeting: { if: [{ sem_ver: [{ var: 'version' }, '>=', '2.1.0'] }, 'on', 'off'] },
    },
    share: {
      ...onOff,
      defaultVariant: 'off',
      targeting: {
        fractional: [
          ['on', 25],
          ['off', 75],
        ],
      },
    },
    asleep: { ...onOff, state: 'DISABLED', defaultVariant: 'on' },
  },
  $evaluators: { isPro: { '==': [{ var: 'plan' }, 'pro'] } },
};

test.each(modes)('the SDK evaluates values, rules and shares, %s', async (mode) => {
  await apply(flags);
  const client = await connect(mode);
  expect(await client.getBooleanDetails('checkout', false)).toMatchObject({
    value: true,
    variant: 'on',
    reason: 'STATIC',
  });
  expect(await client.getStringValue('theme', '')).toBe('#fff');
  expect(await client.getNumberValue('seats', 0)).toBe(50.5);
  expect(await client.getObjectValue('limits', {})).toEqual({ seats: 3, tags: ['a'] });
  expect(await client.getBooleanDetails('reports', false, { plan: 'pro' })).toMatchObject({
    value: true,
    reason: 'TARGETING_MATCH',
  });
  expect(await client.getBooleanDetails('reports', true, { plan: 'free' })).toMatchObject({
    value: false,
    reason: 'DEFAULT',
  });
  expect(await client.getBooleanValue('beta', false, { mail: 'ana@example.com' })).toBe(true);
  expect(await client.getBooleanValue('newer', false, { version: '2.10.0' })).toBe(true);
  expect(await client.getBooleanValue('newer', true, { version: '2.0.9' })).toBe(false);
  expect(await client.getBooleanDetails('asleep', false)).toMatchObject({ value: false, reason: 'DISABLED' });
  expect(await client.getBooleanDetails('nowhere', true)).toMatchObject({
    value: true,
    errorCode: 'FLAG_NOT_FOUND',
  });
  expect(await client.getStringDetails('beta', 'mine')).toMatchObject({
    value: 'mine',
    errorCode: 'TYPE_MISMATCH',
  });
  const users = Array.from({ length: 400 }, (_, index) => `user-${index}`);
  const shown = await Promise.all(
    users.map((targetingKey) => client.getBooleanValue('share', false, { targetingKey })),
  );
  const told = await Promise.all(
    users
      .slice(0, 20)
      .map((targetingKey) => rig.client.explainFlag({ ...place, flag: 'share', context: { targetingKey } })),
  );
  expect(told.map(({ value }) => value)).toEqual(shown.slice(0, 20).map(String));
  expect(Math.abs(shown.filter(Boolean).length / users.length - 0.25)).toBeLessThan(0.1);
});

const versionFlag = (value: string): Flag => ({
  state: 'ENABLED',
  variants: { only: value },
  defaultVariant: 'only',
});
/** Two flags that always change together, and fifty that change alone. */
const pair = (value: string): FlagDocument => ({
  flags: {
    left: versionFlag(value),
    right: versionFlag(value),
    ...Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`alone-${index}`, { ...onOff, defaultVariant: 'off' }]),
    ),
  },
});

test('of a hundred changes under load none is lost, and none is ever seen by half', async () => {
  await apply(pair('start'));
  const { version: first } = await rig.client.flags(place);
  const port = await portOfFlags();
  const sdk = { rpc: await connect('rpc'), inProcess: await connect('in-process') };
  const load = await startReaders(port);
  for (let change = 1; change <= 50; change++) await apply(pair(`value ${change}`));
  const keys = Array.from({ length: 50 }, (_, index) => `alone-${index}`);
  // Ten people at once, five changes each.
  await Promise.all(
    Array.from({ length: 10 }, async (_, person) => {
      for (const flag of keys.filter((_key, index) => index % 10 === person))
        await rig.client.changeFlags({
          ...place,
          actor: `person ${person}`,
          wish: { kind: 'set', flag, variant: 'on' },
        });
    }),
  );
  const seen = await load.stop();
  expect(seen.torn).toEqual([]);
  expect(seen.answers).toBeGreaterThan(100);
  expect(seen.values.size).toBeGreaterThan(1);
  const view = await rig.client.flags(place);
  expect(view.version).toBe(first + 100);
  expect(
    view.flags
      .filter(({ key }) => key.startsWith('alone'))
      .every(({ defaultVariant }) => defaultVariant === 'on'),
  ).toBe(true);
  const history = await rig.client.flagHistory({ ...place, limit: 100 });
  expect(history.map(({ version }) => version)).toEqual(
    Array.from({ length: 100 }, (_, index) => view.version - index),
  );
  expect((await rig.client.audit()).intact).toBe(true);
  for (const client of [sdk.rpc, sdk.inProcess]) {
    await until('the SDK has the last of all', async () => {
      const all = await Promise.all(keys.map((key) => client.getBooleanValue(key, false)));
      return all.every(Boolean) && (await client.getStringValue('left', '')) === 'value 50';
    });
  }
});

interface Seen {
  answers: number;
  /** Pairs that did not agree. */
  torn: string[];
  values: Set<unknown>;
}

/** Asks for all flags without a pause, by gRPC and by OFREP, and follows the documents that are handed out. */
async function startReaders(port: number): Promise<{ stop(): Promise<Seen> }> {
  const seen: Seen = { answers: 0, torn: [], values: new Set() };
  const note = (left: unknown, right: unknown) => {
    seen.answers += 1;
    seen.values.add(left);
    if (left === undefined || left !== right)
      seen.torn.push(`${JSON.stringify(left)} ${JSON.stringify(right)}`);
  };
  const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` });
  const evaluation = createClient(services.evaluationV1, transport) as unknown as {
    resolveAll(request: object): Promise<{ flags: Record<string, { value: { value: unknown } }> }>;
  };
  const sync = createClient(services.sync, transport) as unknown as {
    syncFlags(
      request: object,
      options: { signal: AbortSignal },
    ): AsyncIterable<{ flagConfiguration: string }>;
  };
  const end = new AbortController();
  const readers = [
    async () => {
      const { flags } = await evaluation.resolveAll({});
      note(flags['left']?.value.value, flags['right']?.value.value);
    },
    async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/ofrep/v1/evaluate/flags`, {
        method: 'POST',
        body: '{}',
      });
      const { flags } = (await answer.json()) as { flags: { key: string; value: unknown }[] };
      const valueOf = (wanted: string) => flags.find(({ key }) => key === wanted)?.value;
      note(valueOf('left'), valueOf('right'));
    },
  ].map(async (read) => {
    while (!end.signal.aborted) await read();
  });
  const follow = async () => {
    for await (const { flagConfiguration } of sync.syncFlags({}, { signal: end.signal })) {
      const { flags } = JSON.parse(flagConfiguration) as FlagDocument;
      note(flags['left']?.variants['only'], flags['right']?.variants['only']);
    }
  };
  const followed = follow().catch((error: unknown) => {
    if (!end.signal.aborted) throw error;
  });
  return {
    stop: async () => {
      end.abort();
      await Promise.all([...readers, followed]);
      return seen;
    },
  };
}

test('while the server is away apps that evaluate themselves keep their flags, and hear of the next change', async () => {
  await apply(flags);
  const clients = { rpc: await connect('rpc'), 'in-process': await connect('in-process') };
  const port = await portOfFlags();
  signal((await rig.client.health()).pid, 'SIGKILL');
  await until('nobody answers for flags', async () => {
    const asked = fetch(`http://127.0.0.1:${port}/ofrep/v1/evaluate/flags`, { method: 'POST' });
    return asked.then(
      () => false,
      () => true,
    );
  });
  expect(await clients['in-process'].getBooleanValue('reports', false, { plan: 'pro' })).toBe(true);
  await rig.startServer();
  const wish = { kind: 'set', flag: 'theme', variant: 'dark' } as const;
  expect(await rig.client.changeFlags({ ...place, actor: 'ana', wish })).toMatchObject({
    address: `127.0.0.1:${port}`,
  });
  for (const mode of modes)
    await until(
      `${mode} has heard of it`,
      async () => (await clients[mode].getStringValue('theme', '')) === '#000',
    );
});

test('processes are told where their flags are answered, in words that providers read', async () => {
  await apply(flags);
  await rig.shipAndWait('v1');
  const [web] = (await rig.processes()).filter(({ phase }) => phase === 'running');
  const environment = readFileSync(`/proc/${web?.pid}/environ`, 'utf8').split('\0');
  expect(environment.filter((variable) => variable.startsWith('FLAGD_')).toSorted()).toEqual([
    'FLAGD_HOST=127.0.0.1',
    `FLAGD_PORT=${await portOfFlags()}`,
    'FLAGD_RESOLVER=in-process',
    'FLAGD_RETRY_BACKOFF_MAX_MS=1000',
    `FLAGD_SYNC_PORT=${await portOfFlags()}`,
  ]);
});

test('a file with mistakes changes nothing, and says where they are', async () => {
  await apply(flags);
  const before = await rig.client.flags(place);
  const broken = { ...flags, flags: { ...flags.flags, checkout: { ...onOff, defaultVariant: 'of' } } };
  await expect(apply(broken)).rejects.toMatchObject({
    findings: [{ code: 'flags/unknown-variant', at: { file: 'flags.json' }, help: 'did you mean "on"?' }],
  });
  expect(await rig.client.flags(place)).toEqual(before);
});
