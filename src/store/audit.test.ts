import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/conformance/store-world.ts';
import { linkHash, type Json } from '../flow/index.ts';
import { sha256 } from './events.ts';
import { openStore, type Store } from './open.ts';
import { currentOwner } from './owner.ts';

const chain = 'app/prod';
let home: string;
let store: Store | null;

const open = async () =>
  (store = await openStore({ home, clock: new FakeClock(), owner: currentOwner('a') }));

async function append(count: number, to = chain): Promise<void> {
  for (let n = 1; n <= count; n++) {
    await store?.events.append([{ chain: to, type: 'shifted', actor: 'ana', data: { n } }]);
  }
}

/** Closes the store, so that its heads are written, and does what it should notice. */
async function tamper(...statements: string[]): Promise<void> {
  await store?.close();
  store = null;
  const database = new DatabaseSync(join(home, 'slipway.db'));
  for (const statement of statements) database.exec(statement);
  database.close();
}

async function problems(): Promise<string[]> {
  const report = await (store ?? (await open())).audit.verify();
  expect(report.intact).toBe(report.problems.length === 0);
  return report.problems.map((problem) => `[${problem.code}] ${problem.message}`);
}

const headFile = (name = chain) => join(home, 'heads', `${encodeURIComponent(name)}.json`);

describe('the audit', () => {
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'slipway-audit-'));
    await open();
    await append(6);
  });
  afterEach(async () => {
    await store?.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('finds nothing wrong with what nobody touched, before and after a restart', async () => {
    await append(2, 'server');
    expect(await problems()).toEqual([]);
    await tamper();
    expect(await problems()).toEqual([]);
    expect((await store?.audit.verify())?.chains.map((audit) => audit.message)).toEqual([
      'chain "app/prod" is intact: 6 records',
      'chain "server" is intact: 2 records',
    ]);
  });

  it('keeps key and heads to their owner, one file a chain, whatever its name', async () => {
    await append(1, '../x');
    await tamper();
    expect(statSync(join(home, 'keys', 'audit.key')).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(home, 'heads')).sort()).toEqual(['..%2Fx.json', 'app%2Fprod.json']);
    expect(JSON.parse(readFileSync(headFile(), 'utf8'))).toMatchObject({ chain, sequence: 6 });
  });

  for (const [column, value] of [
    ['data', `'{"n":7}'`],
    ['data', `'not json'`],
    ['actor', `'eve'`],
    ['type', `'x'`],
    ['at_ms', '1'],
    ['hash', `'${'a'.repeat(64)}'`],
  ]) {
    it(`names a record whose ${column} was changed to ${value}`, async () => {
      await tamper(`update events set ${column} = ${value} where sequence = 3`);
      expect(await problems()).toEqual([
        '[store/audit-broken] chain "app/prod", record 3: changed after it was written (its content does not match its hash)',
      ]);
    });
  }

  it('names a record that was replaced by one with a fitting hash', async () => {
    const record = (await store?.events.list())?.[2];
    if (!record) throw new Error('no record');
    const forged = linkHash({ ...record, data: { n: 9 } satisfies Json }, sha256);
    await tamper(`update events set data = '{"n":9}', hash = '${forged}' where sequence = 3`);
    expect(await problems()).toEqual([
      '[store/audit-broken] chain "app/prod", record 3: replaced (the next record was written after another one)',
    ]);
  });

  it('names the newest record when it was replaced by one with a fitting hash', async () => {
    const record = (await store?.events.list())?.[5];
    if (!record) throw new Error('no record');
    const forged = linkHash({ ...record, actor: 'eve' }, sha256);
    await tamper(
      `update events set actor = 'eve', hash = '${forged}' where sequence = 6`,
      `update chain_heads set hash = '${forged}'`,
    );
    const expected = [
      '[store/audit-broken] chain "app/prod", record 6: replaced (another record was signed in this place)',
    ];
    expect(await problems()).toEqual(expected);
    await append(1);
    expect(await problems(), 'a forged chain is never signed over').toEqual(expected);
  });

  it('names records that are missing in the middle', async () => {
    await tamper('delete from events where sequence = 3');
    expect(await problems()).toEqual([
      '[store/audit-missing] chain "app/prod", record 3 is missing: later records are there',
    ]);
    await tamper('delete from events where sequence < 3');
    expect(await problems()).toEqual([
      '[store/audit-missing] chain "app/prod", records 1 to 3 are missing: later records are there',
    ]);
  });

  it('names records that were cut off at the end, also after the chain went on from there', async () => {
    const fifth = (await store?.events.list())?.[3];
    await tamper(
      'delete from events where sequence > 4',
      `update chain_heads set sequence = 4, hash = '${fifth?.hash}'`,
    );
    expect(await problems()).toEqual([
      '[store/audit-cut-off] chain "app/prod", records 5 to 6 are cut off: record 6 was signed, the database ends before it',
    ]);
    await append(3);
    expect(await problems()).toEqual([
      '[store/audit-broken] chain "app/prod", record 6: replaced (another record was signed in this place)',
    ]);
  });

  it('notices a cut of records that no head had covered yet', async () => {
    await tamper();
    const head = readFileSync(headFile(), 'utf8');
    await open();
    await append(2);
    await tamper('delete from events where sequence > 6');
    writeFileSync(headFile(), head);
    expect((await problems())[0]).toMatch(
      /^\[store\/audit-cut-off\] chain "app\/prod", records 7 to 8 are cut off/,
    );
  });

  it('names two records that changed places', async () => {
    await tamper(
      'update events set sequence = -3 where sequence = 3',
      'update events set sequence = 3 where sequence = 4',
      'update events set sequence = 4 where sequence = -3',
    );
    expect(await problems()).toEqual([
      '[store/audit-broken] chain "app/prod", record 3: changed after it was written (its content does not match its hash)',
    ]);
  });

  it('notices a chain that was deleted whole', async () => {
    await append(1, 'server');
    await tamper(
      "delete from events where chain = 'app/prod'",
      "delete from chain_heads where chain = 'app/prod'",
    );
    expect(await problems()).toEqual([
      '[store/audit-cut-off] chain "app/prod", records 1 to 6 are cut off: record 6 was signed, the database ends before it',
    ]);
  });

  it('notices a head that was deleted, and makes no new one in its place', async () => {
    await tamper();
    rmSync(headFile());
    const expected = [
      '[store/audit-head-missing] chain "app/prod": its signed head is gone, so records cut off at the end would not show',
    ];
    expect(await problems()).toEqual(expected);
    await append(1);
    expect(await problems()).toEqual(expected);
  });

  it('notices heads that are damaged, forged, or put in the place of another', async () => {
    await append(1, 'server');
    await tamper();
    const text = readFileSync(headFile(), 'utf8');
    writeFileSync(headFile(), text.slice(0, 40));
    expect(await problems()).toEqual([
      `[store/audit-head-damaged] chain "app/prod": its signed head is damaged: ${headFile()} is not a head`,
    ]);
    writeFileSync(headFile(), text.replace('"sequence":6', '"sequence":5'));
    expect(await problems()).toEqual([
      '[store/audit-bad-signature] chain "app/prod": the signature of its head (record 5) does not match this machine\'s key',
    ]);
    renameSync(headFile('server'), headFile());
    expect(await problems()).toEqual([
      `[store/audit-head-damaged] chain "app/prod": its signed head is damaged: ${headFile()} is the head of "server"`,
      '[store/audit-head-missing] chain "server": its signed head is gone, so records cut off at the end would not show',
    ]);
  });

  it('notices a roll of heads that is gone or changed', async () => {
    await tamper();
    const roll = join(home, 'heads.json');
    const text = readFileSync(roll, 'utf8');
    writeFileSync(roll, text.replace('app/prod', 'app/xxxx'));
    expect(await problems()).toContain(
      "[store/audit-roll-damaged] the roll of signed heads (heads.json) is damaged: its signature does not match this machine's key",
    );
    rmSync(roll);
    expect(await problems()).toEqual([
      '[store/audit-roll-missing] the roll of signed heads (heads.json) is gone, so a head that was deleted would not show',
    ]);
  });

  it('accepts a head some records behind, and catches up at the next open', async () => {
    await tamper();
    const old = readFileSync(headFile(), 'utf8');
    await open();
    await append(2);
    await tamper();
    const newest = readFileSync(headFile(), 'utf8');
    writeFileSync(headFile(), old);
    expect(await problems()).toEqual([]);
    await tamper();
    expect(readFileSync(headFile(), 'utf8')).toBe(newest);
  });

  it('adopts a chain whose first head a crash has kept from being written', async () => {
    rmSync(home, { recursive: true });
    await store?.close().catch(() => {});
    await open();
    await append(2);
    await tamper();
    rmSync(join(home, 'heads'), { recursive: true });
    rmSync(join(home, 'keys'), { recursive: true });
    expect(await problems()).toEqual([]);
  });

  it('verifies one chain, and says when there is none of that name', async () => {
    await append(1, 'server');
    const report = await store?.audit.verify('server');
    expect(report?.chains.map((audit) => audit.chain)).toEqual(['server']);
    expect((await store?.audit.verify('sever'))?.problems).toMatchObject([
      {
        code: 'store/no-such-chain',
        message: 'there is no chain "sever"',
        notes: ['chains: "app/prod", "server"'],
      },
    ]);
  });

  it('refuses a key that is none', async () => {
    await tamper();
    chmodSync(join(home, 'keys', 'audit.key'), 0o600);
    writeFileSync(join(home, 'keys', 'audit.key'), 'nonsense');
    await expect(open()).rejects.toMatchObject({
      code: 'store/bad-audit-key',
      message: `${join(home, 'keys', 'audit.key')} does not hold an Ed25519 private key`,
    });
  });
});
