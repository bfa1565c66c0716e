import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DefaultArtifactClient } from '@actions/artifact';
import * as core from '@actions/core';

/** Uploads many files and a large one, as one artifact; a name is taken once; a deleted one is free again. */
export async function run() {
  const client = new DefaultArtifactClient();
  const root = resolve('made');
  mkdirSync(`${root}/many`, { recursive: true });
  const files = [`${root}/large.bin`, `${root}/run.sh`, `${root}/empty`];
  writeFileSync(`${root}/large.bin`, randomBytes(50 * 1024 * 1024));
  writeFileSync(`${root}/run.sh`, 'echo runs\n');
  chmodSync(`${root}/run.sh`, 0o755);
  writeFileSync(`${root}/empty`, '');
  for (let index = 0; index < 500; index++) {
    files.push(`${root}/many/${index}.txt`);
    writeFileSync(`${root}/many/${index}.txt`, `file ${index}\n`);
  }
  const up = await client.uploadArtifact('made', files, root, { retentionDays: 5 });
  assert.ok(up.size > 50 * 1024 * 1024);
  await assert.rejects(
    client.uploadArtifact('made', [`${root}/empty`], root),
    /an artifact with this name already exists on the workflow run/,
  );
  await assert.rejects(client.uploadArtifact('a:b', [`${root}/empty`], root), /not valid/);

  await client.uploadArtifact('gone', [`${root}/run.sh`], root);
  await client.deleteArtifact('gone');
  await assert.rejects(client.getArtifact('gone'), /Artifact not found/);
  await client.uploadArtifact('gone', [`${root}/run.sh`], root);
  await client.deleteArtifact('gone');

  await client.uploadArtifact('ignored', [`${root}/run.sh`], root, { skipArchive: true });
  const { artifacts } = await client.listArtifacts();
  core.setOutput(
    'result',
    artifacts
      .map(({ name }) => name)
      .toSorted(byText)
      .join(' '),
  );
  core.setOutput('digest', up.digest);
}

const byText = (a, b) => a.localeCompare(b, 'en');
