import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import * as core from '@actions/core';

/** Verifies a token as a cloud would: issuer, its configuration, its keys, the signature, the claims. */
export async function run() {
  const token = await core.getIDToken('https://cloud.example');
  const [head, body, signature] = token.split('.');
  const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());
  const claims = decode(body);
  const read = async (url) => (await fetch(url)).json();
  const { jwks_uri: keysAt, issuer } = await read(`${claims.iss}/.well-known/openid-configuration`);
  assert.equal(issuer, claims.iss);
  const key = (await read(keysAt)).keys.find(({ kid }) => kid === decode(head).kid);
  const publicKey = createPublicKey({ key, format: 'jwk' });
  assert.ok(verify('sha256', Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url')));
  assert.equal(claims.aud, 'https://cloud.example');
  assert.ok(claims.exp * 1000 > Date.now() && claims.nbf * 1000 <= Date.now());
  const plain = decode((await core.getIDToken()).split('.')[1]);
  assert.notEqual(plain.jti, claims.jti);
  core.setOutput('result', [claims.sub, plain.aud, claims.job_workflow_ref].join(' '));
  core.setOutput('key', decode(head).kid);
}
