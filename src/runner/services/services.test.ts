import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JobSpec } from '../spec.ts';
import { artifactsOf } from '../artifacts.ts';
import { mayAskForIdToken, JobServices } from './job-services.ts';
import { idTokenClaims } from './id-token.ts';
import { signingKey } from './signing-key.ts';

let root: string;
const opened: JobServices[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-services-'));
  for (const name of ['workspace', 'temp']) mkdirSync(join(root, name));
});
afterEach(async () => {
  for (const services of opened.splice(0)) await services.close();
  rmSync(root, { recursive: true, force: true });
});

const github = {
  ref: 'refs/heads/main',
  repository: 'ana/shop',
  repository_owner: 'ana',
  server_url: 'https://github.com',
  workflow_ref: 'ana/shop/.github/workflows/ci.yml@refs/heads/main',
  event_name: 'push',
};

function specOf(changes: Partial<JobSpec> = {}): JobSpec {
  const directory = (name: string) => join(root, name);
  const [workspace, temp, home] = ['workspace', 'temp', 'home'].map(directory);
  const [artifacts, cache, tools] = ['artifacts', 'cache', 'tools'].map(directory);
  return {
    runId: 'r1',
    jobKey: 'build (20)',
    job: { id: 'build' },
    permissions: { 'id-token': 'write' },
    workflow: { file: '.github/workflows/ci.yml' },
    environment: null,
    contexts: { github },
    source: { gitDirectory: root, commit: 'c', ref: 'refs/heads/main' },
    directories: { workspace, temp, home, artifacts, cache, tools },
    ...changes,
  } as unknown as JobSpec;
}

/** A job's services as one of its steps sees them. */
async function client(changes: Partial<JobSpec> = {}) {
  const masks: string[] = [];
  const services = new JobServices(specOf(changes), (value) => masks.push(value));
  opened.push(services);
  const env = await services.variables('javascript');
  const token = env['ACTIONS_RUNTIME_TOKEN'] ?? '';
  const [, run = '', job = ''] = scopeOf(token).split(':');
  const call = async (method: string, body: object, bearer = token) => {
    const service = method.includes('Cache') ? 'CacheService' : 'ArtifactService';
    const path = `/twirp/github.actions.results.api.v1.${service}/${method}`;
    const response = await fetch(new URL(path, env['ACTIONS_RESULTS_URL']), {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify({ workflow_run_backend_id: run, workflow_job_run_backend_id: job, ...body }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  };
  return { services, env, token, masks, call };
}

function scopeOf(token: string): string {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(claims) as { scp: string }).scp;
}

const put = (url: string, body: string, query = '') =>
  fetch(url + query, { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob' }, body });

const raw = { name: 'notes.txt', version: 7, mime_type: 'text/plain' };
const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

describe('artifacts', () => {
  test('come in blocks, in the order of the list, and are checked and published at the end', async () => {
    const { call } = await client();
    const url = (await call('CreateArtifact', raw)).body['signed_upload_url'] ?? '';
    await put(url, 'world', `&comp=block&blockid=${encodeURIComponent('YWI=')}`);
    await put(url, 'hello ', `&comp=block&blockid=${encodeURIComponent('YWE=')}`);
    const list = '<BlockList><Latest>YWE=</Latest><Latest>YWI=</Latest></BlockList>';
    expect((await put(url, list, '&comp=blocklist')).status).toBe(201);
    expect(await artifactsOf(join(root, 'artifacts'))).toEqual([]);
    const wrongSize = await call('FinalizeArtifact', { name: raw.name, size: '12' });
    expect(wrongSize.body['msg']).toBe('11 bytes came, and 12 were announced');
    const wrongHash = await call('FinalizeArtifact', { name: raw.name, size: '11', hash: sha256('x') });
    expect(wrongHash).toMatchObject({ status: 400, body: { code: 'invalid_argument' } });
    const done = await call('FinalizeArtifact', { name: raw.name, size: '11', hash: sha256('hello world') });
    expect(done.body).toEqual({ ok: true, artifact_id: expect.stringMatching(/^\d+$/) as string });
    const [artifact] = await artifactsOf(join(root, 'artifacts'));
    expect(readFileSync(join(artifact?.filesDirectory ?? '', raw.name), 'utf8')).toBe('hello world');
  });

  test('are sent whole and in ranges', async () => {
    const { call } = await client();
    const up = (await call('CreateArtifact', raw)).body['signed_upload_url'] ?? '';
    await put(up, 'hello world');
    await call('FinalizeArtifact', { name: raw.name, size: '11' });
    const url = (await call('GetSignedArtifactURL', { name: raw.name })).body['signed_url'] ?? '';
    const whole = await fetch(url);
    expect(whole.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''notes.txt");
    expect([whole.status, await whole.text()]).toEqual([200, 'hello world']);
    const part = await fetch(url, { headers: { range: 'bytes=6-99' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 6-10/11']);
    expect(await part.text()).toBe('world');
    const head = await fetch(url, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe('11');
  });

  test('of one name: the first that is complete stays, in GitHub’s words', async () => {
    const [one, two] = [await client(), await client({ jobKey: 'other' })];
    const urls = [await one.call('CreateArtifact', raw), await two.call('CreateArtifact', raw)];
    for (const { body } of urls) await put(body['signed_upload_url'] ?? '', 'x');
    expect((await two.call('FinalizeArtifact', { name: raw.name, size: '1' })).status).toBe(200);
    const late = await one.call('FinalizeArtifact', { name: raw.name, size: '1' });
    const words = 'an artifact with this name already exists on the workflow run';
    expect(late).toEqual({ status: 409, body: { code: 'already_exists', msg: words } });
    expect((await one.call('CreateArtifact', raw)).status).toBe(409);
  });

  test.each(['../x', 'a/b', 'a\\b', '', 'a\0b', 'x'.repeat(300)])(
    'of the name %j are refused, and nothing is written',
    async (name) => {
      const { call } = await client();
      expect((await call('CreateArtifact', { ...raw, name })).status).toBe(400);
      expect(readdirSync(root).toSorted((a, b) => a.localeCompare(b))).toEqual(['temp', 'workspace']);
    },
  );

  test('that expired are gone', async () => {
    const { call } = await client();
    const expired = { ...raw, expires_at: '2020-01-01T00:00:00Z' };
    const url = (await call('CreateArtifact', expired)).body['signed_upload_url'] ?? '';
    await put(url, 'x');
    await call('FinalizeArtifact', { name: raw.name, size: '1' });
    expect((await call('ListArtifacts', {})).body).toEqual({ artifacts: [] });
  });
});

describe('caches', () => {
  test('are missed with ok: false, saved once, and found by a prefix', async () => {
    const { call } = await client();
    const asked = { key: 'npm-2', restore_keys: ['npm-'], version: 'v' };
    expect(await call('GetCacheEntryDownloadURL', asked)).toMatchObject({ status: 200, body: { ok: false } });
    const entry = { key: 'npm-1', version: 'v' };
    await put((await call('CreateCacheEntry', entry)).body['signed_upload_url'] ?? '', 'packed');
    expect((await call('FinalizeCacheEntryUpload', { ...entry, size_bytes: '6' })).body['ok']).toBe(true);
    expect((await call('CreateCacheEntry', entry)).body['msg']).toBe(
      'cache entry with the same key, version, and scope already exists',
    );
    const found = (await call('GetCacheEntryDownloadURL', asked)).body;
    expect(found['matched_key']).toBe('npm-1');
    expect(await (await fetch(found['signed_download_url'] ?? '')).text()).toBe('packed');
  });
});

describe('nobody else is served', () => {
  test('without a token, with that of another job, or after the end of the own', async () => {
    const [one, two] = [await client(), await client({ jobKey: 'other' })];
    for (const token of [
      '',
      'x.y.z',
      two.token,
      `${one.token}x`,
      one.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '',
    ])
      expect((await one.call('ListArtifacts', {}, token)).status).toBe(401);
    await one.services.close();
    await expect(one.call('ListArtifacts', {})).rejects.toThrow('fetch failed');
  });

  test('with another run’s name, or an address that was changed or is for something else', async () => {
    const { call } = await client();
    const other = { ...raw, workflow_run_backend_id: 'other' };
    expect((await call('CreateArtifact', other)).body['code']).toBe('permission_denied');
    const url = (await call('CreateArtifact', raw)).body['signed_upload_url'] ?? '';
    const forged = [
      url.replace('notes.txt', 'other.txt'),
      url.replace(/se=\d+/, 'se=9999999999999'),
      url.replace(/sig=[^&]+/, ''),
    ];
    for (const address of forged) expect((await put(address, 'x')).status).toBe(403);
    expect((await fetch(url)).status).toBe(403);
    expect(
      (await put(url, '<BlockList><Latest>../meta.json</Latest></BlockList>', '&comp=blocklist')).status,
    ).toBe(400);
  });

  test('and every token is masked before it is given', async () => {
    const { env, masks } = await client();
    expect(masks).toContain(env['ACTIONS_RUNTIME_TOKEN']);
    expect(masks).toContain(env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']);
  });
});

test('what a job that ends leaves half uploaded is removed', async () => {
  const { call, services } = await client();
  await put((await call('CreateArtifact', raw)).body['signed_upload_url'] ?? '', 'x');
  expect(readdirSync(join(root, 'artifacts'))).toHaveLength(1);
  await services.close();
  expect(readdirSync(join(root, 'artifacts'))).toEqual([]);
});

describe('ID tokens', () => {
  test.each<[JobSpec['permissions'], boolean]>([
    [{ 'id-token': 'write' }, true],
    ['write-all', true],
    [{ 'id-token': 'none' }, false],
    [{ contents: 'write' }, false],
    ['read-all', false],
    [undefined, false],
  ])('with permissions %j: %j', (permissions, expected) => {
    expect(mayAskForIdToken({ permissions })).toBe(expected);
  });

  test('are offered to scripts alone with nothing else, and without permission to nobody', async () => {
    const allowed = new JobServices(specOf(), () => {});
    opened.push(allowed);
    expect(Object.keys(await allowed.variables('script'))).toEqual([
      'ACTIONS_ID_TOKEN_REQUEST_URL',
      'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
    ]);
    const denied = new JobServices(specOf({ permissions: undefined }), () => {});
    opened.push(denied);
    expect(await denied.variables('script')).toEqual({});
    expect(await denied.variables('javascript')).not.toHaveProperty('ACTIONS_ID_TOKEN_REQUEST_URL');
  });

  test('name their subject by environment, pull request or ref', () => {
    const pull = { ...github, event_name: 'pull_request', ref: 'refs/pull/7/merge' };
    const contexts = { github: pull } as unknown as JobSpec['contexts'];
    expect(idTokenClaims(specOf(), undefined)).toMatchObject({
      sub: 'repo:ana/shop:ref:refs/heads/main',
      aud: 'https://github.com/ana',
      job_workflow_ref: 'ana/shop/.github/workflows/ci.yml@refs/heads/main',
    });
    expect(idTokenClaims(specOf({ contexts }), 'me')).toMatchObject({
      sub: 'repo:ana/shop:pull_request',
      aud: 'me',
    });
    expect(idTokenClaims(specOf({ contexts, environment: 'prod:eu' }), undefined)).toMatchObject({
      sub: 'repo:ana/shop:environment:prod%3Aeu',
      environment: 'prod:eu',
    });
  });

  test('are signed with one key, made once however many ask, that nobody else can read', async () => {
    const tools = join(root, 'tools');
    const keys = await Promise.all([signingKey(tools), signingKey(tools), signingKey(tools)]);
    expect(new Set(keys.map(({ jwk }) => jwk.kid)).size).toBe(1);
    expect(readdirSync(join(tools, 'oidc'))).toEqual(['signing-key.pem']);
    expect(statSync(join(tools, 'oidc/signing-key.pem')).mode & 0o777).toBe(0o600);
  });
});
