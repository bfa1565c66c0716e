import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DefaultArtifactClient } from '@actions/artifact';
import * as core from '@actions/core';

/** Downloads what another job uploaded, and what the built-in action did. */
export async function run() {
  const client = new DefaultArtifactClient();
  const { artifact: made } = await client.getArtifact('made');
  assert.match(made.digest, /^sha256:[0-9a-f]{64}$/);
  const down = await client.downloadArtifact(made.id, { path: resolve('down'), expectedHash: made.digest });
  assert.equal(down.digestMismatch, false);
  assert.equal(statSync('down/large.bin').size, 50 * 1024 * 1024);
  assert.equal(readdirSync('down/many').length, 500);
  assert.equal(readFileSync('down/many/499.txt', 'utf8'), 'file 499\n');

  const { artifact: raw } = await client.getArtifact('run.sh');
  await client.downloadArtifact(raw.id, { path: resolve('raw'), expectedHash: raw.digest });
  assert.equal(readFileSync('raw/run.sh', 'utf8'), 'echo runs\n');

  const { artifact: built } = await client.getArtifact('built-in');
  await client.downloadArtifact(built.id, { path: resolve('built') });
  const files = readdirSync('built', { recursive: true }).toSorted(byText);
  core.setOutput('result', files.map((file) => file.replaceAll('\\', '/')).join(' '));
}

const byText = (a, b) => a.localeCompare(b, 'en');
