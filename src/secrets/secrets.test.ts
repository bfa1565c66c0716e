import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { renderFindings } from '../diagnostics/index.ts';
import {
  keepEnvFile,
  keyFile,
  openKey,
  openVault,
  parseEnvFile,
  readEnvFile,
  resolveEnvironment,
} from './index.ts';
import type { SecretStore, StoredSecret, Vault } from './index.ts';

let home: string;
let rows: StoredSecret[];
let vault: Vault;

const store: SecretStore = {
  put: async (secret) => {
    const versions = rows.filter((row) => row.name === secret.name && row.environment === secret.environment);
    const row = { ...secret, version: versions.length + 1, createdAtMs: 1 };
    rows.push(row);
    return row;
  },
  get: async ({ app, environment, name, version }) =>
    rows.findLast(
      (row) =>
        row.app === app &&
        row.environment === environment &&
        row.name === name &&
        (version === undefined || row.version === version),
    ) ?? null,
  list: async ({ app }) => rows.filter((row) => row.app === app),
};

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'slipway-secrets-'));
  rows = [];
  vault = openVault(store, await openKey(keyFile(home)));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const token = { app: 'shop', environment: 'production', name: 'TOKEN' };

describe('a vault', () => {
  test('keeps every version and gives the newest or the one asked for', async () => {
    await vault.put(token, 'first');
    expect(await vault.put(token, 'sécond')).toEqual({ ...token, version: 2, createdAtMs: 1 });
    expect(await vault.read(token)).toEqual({ value: 'sécond', version: 2 });
    expect(await vault.read(token, 1)).toEqual({ value: 'first', version: 1 });
    expect(await vault.read({ ...token, name: 'OTHER' })).toBeNull();
    expect(await vault.list({ app: 'shop' })).toEqual([{ ...token, version: 2, createdAtMs: 1 }]);
  });

  test('stores nothing readable, and never the same twice', async () => {
    await vault.put(token, 'hunter2');
    await vault.put(token, 'hunter2');
    expect(JSON.stringify(rows)).not.toContain('hunter2');
    expect(rows[0]?.ciphertext).not.toBe(rows[1]?.ciphertext);
  });

  test('refuses a value that was changed, moved to another name, or belongs to another key', async () => {
    await vault.put(token, 'hunter2');
    const [row] = rows;
    if (!row) throw new Error('nothing was stored');
    const fails = { code: 'secrets/undecipherable' };
    rows = [{ ...row, name: 'OTHER' }];
    await expect(vault.read({ ...token, name: 'OTHER' })).rejects.toMatchObject(fails);
    const bytes = Buffer.from(row.ciphertext.slice(3), 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    for (const ciphertext of [`v1.${bytes.toString('base64')}`, 'v1.', 'v2.AAAA', '']) {
      rows = [{ ...row, ciphertext }];
      await expect(vault.read(token)).rejects.toMatchObject(fails);
    }
    rows = [row];
    const other = openVault(store, await openKey(join(home, 'other.key')));
    await expect(other.read(token)).rejects.toThrow(
      'secret "TOKEN" version 1 of shop/production cannot be read with this key',
    );
  });

  test.each(['', 'a-b', '1A', 'PORT', 'SLIPWAY_X', 'A B'])('refuses "%s" as a name', async (name) => {
    await expect(vault.put({ ...token, name }, 'x')).rejects.toMatchObject({ code: 'secrets/bad-name' });
  });
});

describe('the key', () => {
  test('is made once, for its owner alone', async () => {
    const file = keyFile(home);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const before = readFileSync(file, 'utf8');
    await openKey(file);
    expect(readFileSync(file, 'utf8')).toBe(before);
    const keys = await Promise.all([1, 2, 3, 4].map(() => openKey(keyFile(join(home, 'other')))));
    expect(keys.every((key) => keys[0]?.equals(key))).toBe(true);
  });

  test('is refused when others may read it, with the command that mends it', async () => {
    const file = keyFile(home);
    chmodSync(file, 0o640);
    await expect(openKey(file)).rejects.toMatchObject({
      code: 'secrets/open-file',
      message: `${file} has mode 0640, and it holds secrets`,
      help: `chmod 600 ${file}`,
    });
  });

  test('is refused when it is damaged', async () => {
    writeFileSync(keyFile(home), 'short');
    await expect(openKey(keyFile(home))).rejects.toMatchObject({ code: 'secrets/bad-key' });
  });
});

describe('an env file', () => {
  test('is read strictly, and nothing in it is expanded', () => {
    const text = [
      '# comment',
      '',
      'PLAIN=a=b#c$HOME',
      'export QUOTED="two words\\n\\"x\\" \\$"',
      "SINGLE='as it $stands \\n'",
      'EMPTY=',
      'SPACES =x',
    ].join('\r\n');
    const { env, findings } = parseEnvFile('.env', text);
    expect(env).toEqual({
      PLAIN: 'a=b#c$HOME',
      QUOTED: 'two words\n"x" $',
      SINGLE: 'as it $stands \\n',
      EMPTY: '',
    });
    expect(findings.map((finding) => [finding.code, finding.at?.start.line])).toEqual([
      ['secrets/variable-name', 7],
    ]);
  });

  test('names every mistake with its line and never a value', () => {
    const text = 'hunter2\nA=hunter2 x\nB="hunter2" # x\nC=hunter2\nC=hunter2\nD="hunter2\n2E=hunter2\n';
    const { findings } = parseEnvFile('.env', text);
    expect(renderFindings(findings)).not.toContain('hunter2');
    expect(findings.map((finding) => `${finding.code} ${finding.at?.start.line}`)).toEqual([
      'secrets/env-line 1',
      'secrets/env-value 2',
      'secrets/env-value 3',
      'secrets/duplicate-variable 5',
      'secrets/env-value 6',
      'secrets/variable-name 7',
    ]);
    expect(renderFindings(findings.slice(1, 2))).toBe(
      [
        'error[secrets/env-value]: the value of "A" is not well quoted',
        ' --> .env:2:1',
        '  = help: put the whole value in quotes, and nothing after them; inside double quotes write \\" for "',
      ].join('\n'),
    );
  });

  test('must exist and be for its owner alone', async () => {
    const file = join(home, 'production.env');
    expect((await readEnvFile(file)).findings[0]).toMatchObject({ code: 'secrets/no-env-file' });
    writeFileSync(file, 'A=1\n', { mode: 0o644 });
    expect(await readEnvFile(file)).toMatchObject({
      env: {},
      findings: [{ code: 'secrets/open-file', help: `chmod 600 ${file}` }],
    });
    chmodSync(file, 0o400);
    expect(await readEnvFile(file)).toEqual({ env: { A: '1' }, findings: [] });
    expect((await readEnvFile(home)).findings[0]).toMatchObject({ code: 'secrets/unreadable-file' });
  });
});

describe('the environment of a rollout', () => {
  function resolve(more: {
    secrets?: string[];
    envFile?: string;
    pinned?: { name: string; version: number }[];
  }) {
    const { pinned, ...rules } = more;
    const definition = {
      name: 'production',
      env: { LOG: 'yml', B: 'yml' },
      envFile: null,
      secrets: [],
      ...rules,
    };
    return resolveEnvironment({ app: 'shop', definition, vault, ...(pinned ? { pinned } : {}) });
  }

  test('is the env file, then slipway.yml, then secrets, which are recorded by version', async () => {
    const envFile = join(home, '.env');
    writeFileSync(envFile, 'A=file\nB=file\nTOKEN=file\n', { mode: 0o600 });
    await vault.put(token, 'one');
    await vault.put(token, 'two');
    const resolved = await resolve({ envFile, secrets: ['TOKEN'] });
    expect(resolved.env).toEqual({ A: 'file', B: 'yml', LOG: 'yml', TOKEN: 'two' });
    expect(resolved.secretRefs).toEqual([{ name: 'TOKEN', version: 2 }]);
    expect(resolved.findings.map(({ code, severity }) => [code, severity])).toEqual([
      ['secrets/shadowed', 'warning'],
    ]);
  });

  test('keeps to the versions that a rollout recorded', async () => {
    await vault.put(token, 'one');
    await vault.put(token, 'two');
    const resolved = await resolve({ secrets: ['TOKEN'], pinned: [{ name: 'TOKEN', version: 1 }] });
    expect(resolved.env['TOKEN']).toBe('one');
    expect(resolved.secretRefs).toEqual([{ name: 'TOKEN', version: 1 }]);
  });

  test('gets the env file as it was kept, whatever it says by now', async () => {
    const envFile = join(home, '.env');
    const owner = { app: 'shop', environment: 'production' };
    const definition = { name: 'production', env: { B: 'yml' }, envFile, secrets: [] };
    writeFileSync(envFile, 'A=old\nB=old\n', { mode: 0o600 });
    const version = await keepEnvFile(owner, envFile, vault);
    expect(await keepEnvFile(owner, envFile, vault)).toBe(version);
    writeFileSync(envFile, 'A=new\n', { mode: 0o600 });
    expect(await keepEnvFile(owner, envFile, vault)).toBe(2);
    const then = await resolveEnvironment({ app: 'shop', definition, vault, envFileVersion: version });
    expect(then.env).toEqual({ A: 'old', B: 'yml' });
    expect(then.fromEnvFile).toEqual(['A']);
    const now = await resolveEnvironment({ app: 'shop', definition, vault });
    expect(now.env['A']).toBe('new');
    expect(JSON.stringify(rows)).not.toContain('old');
    expect(await vault.list({ app: 'shop' })).toEqual([]);
  });

  test('collects everything that is missing or not allowed', async () => {
    const envFile = join(home, '.env');
    writeFileSync(envFile, 'PORT=80\noops\n', { mode: 0o600 });
    const { findings } = await resolve({ envFile, secrets: ['TOKEN', 'OTHER'] });
    expect(findings.map(({ code }) => code)).toEqual([
      'secrets/env-line',
      'secrets/missing',
      'secrets/missing',
      'secrets/reserved-variable',
    ]);
  });
});
