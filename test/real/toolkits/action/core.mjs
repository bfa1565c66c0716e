import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as core from '@actions/core';
import * as exec from '@actions/exec';
import * as glob from '@actions/glob';

/** What actions do through their log and their files. */
export async function run(hash) {
  core.setSecret('hunter2 & co');
  core.info('the password is hunter2 & co, in base64 ' + Buffer.from('hunter2 & co').toString('base64'));
  core.exportVariable('FROM_CORE', 'several\nlines');
  mkdirSync('tools', { recursive: true });
  writeFileSync('tools/my-tool', '#!/bin/sh\necho my tool runs\n', { mode: 0o755 });
  core.addPath(resolve('tools'));
  await core.group('a group', async () => core.info('inside'));
  core.warning('look out', { title: 'Careful', file: 'README.md', startLine: 1 });
  core.notice('by the way');
  await core.summary
    .addHeading('All well')
    .addTable([['a', 'b']])
    .write();
  assert.equal(await glob.hashFiles('**/*.json\n!kit/**'), hash);

  const lines = [];
  const listeners = { stdline: (line) => lines.push(line), errline: (line) => lines.push(line) };
  const code = await exec.exec('sh', ['-c', 'echo out; echo err >&2; exit 3'], {
    listeners,
    ignoreReturnCode: true,
  });
  assert.equal(code, 3);
  assert.deepEqual(lines.toSorted(byText), ['err', 'out']);
  assert.equal((await exec.getExecOutput('my-tool')).stdout, 'my tool runs\n');
  core.setOutput('result', { as: 'json' });
}

const byText = (a, b) => a.localeCompare(b, 'en');
