import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StoredEvent } from '../../src/flow/index.ts';
import type { StatusView } from '../../src/wiring/index.ts';
import { until } from '../rig/index.ts';
import { expectText } from './expect-text.ts';
import { setStage, startServer, type Stage } from './stage.ts';

/*
 * Three people with keys of their own, on a server of one user. In the place of ssh and sshd stands what sshd does with
 * such a key: whatever the client asks for, it runs the command that the key's line in authorized_keys names.
 */

let stage: Stage;
let shop: string;

beforeAll(async () => {
  stage = setStage();
  const owner = userInfo().username;
  stage.hide(`${owner} (the owner)`, '<owner> (the owner)');
  stage.hide(`or ${owner} can allow`, 'or <owner> can allow');
  stage.hide(`uid ${process.getuid?.()}`, 'uid <uid>');
  stage.hide(`only ${owner},`, 'only <owner>,');
  stage.hide(`: ${owner} owns`, ': <owner> owns');
  stage.hide(`grant ${owner} viewer`, 'grant <owner> viewer');
  await startServer(stage);
  shop = stage.repository('shop');
});

afterAll(() => stage.close());

/** A command of somebody on a machine of their own, whose git has a name to claim. */
async function as(person: string, words: string[], claims = person) {
  const folder = join(stage.root, `ssh-of-${person}`);
  mkdirSync(folder, { recursive: true });
  const forced = `'${process.execPath}' '${resolve('bin/slipway.js')}' dial --as ${person} --home '${stage.home}'`;
  writeFileSync(join(folder, 'ssh'), `#!/bin/sh\nexec ${forced}\n`);
  chmodSync(join(folder, 'ssh'), 0o755);
  const seen = await stage.run([...words, '--host', 'vps'], {
    cwd: shop,
    env: {
      PATH: `${folder}:${process.env['PATH'] ?? ''}`,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'user.name',
      GIT_CONFIG_VALUE_0: claims,
    },
  });
  return { ...seen, text: seen.text.replace(' --host vps', '') };
}

const asOwner = (...words: string[]) => stage.run(words, { cwd: shop });

async function rollout() {
  const { text } = await asOwner('status', '--json');
  const line = text.split('\n').find((one) => one.startsWith('{')) ?? '{}';
  return (JSON.parse(line) as StatusView).environments[0]?.rollout ?? null;
}

test('nobody else gets in at first', async () => {
  await expectText('people-none', await asOwner('access'), 0);
  await expectText('people-no-role', await asOwner('access', 'grant', 'ana', 'deploer', 'production'), 2);
  await expectText('people-owner', await asOwner('access', 'grant', userInfo().username, 'viewer'), 2);
  await expectText('people-nobody-reviews', await asOwner('access', 'protect', 'production'), 2);
  await expectText('people-no-door', await as('ana', ['status']), 3);
});

test('each may do what was granted, under no other name', { timeout: 240_000 }, async () => {
  await expectText('people-grant', await asOwner('access', 'grant', 'ana', 'deployer', 'production'), 0);
  for (const words of ['ana reviewer production', 'lena reviewer production', 'eve viewer'])
    expect((await asOwner('access', 'grant', ...words.split(' '))).exitCode).toBe(0);

  // The slipway.yml of the shop names no reviewers.
  expect((await asOwner('access', 'protect', 'production')).exitCode).toBe(0);

  await expectText('people-viewer-ships', await as('eve', ['ship'], 'ana'), 4);
  const shipped = await as('ana', ['ship', '--detach'], 'lena');
  expect(shipped.exitCode, shipped.text).toBe(0);
  await until('it waits for a reviewer', async () => (await rollout())?.state === 'waiting', rollout);

  await expectText('people-viewer-approves', await as('eve', ['approve', 'production'], 'lena'), 4);
  await expectText('people-self-review', await as('ana', ['approve', 'production'], 'lena'), 4);
  const status = await as('eve', ['status']);
  expect(status.text).toContain('waits for: slipway approve production');
  expect(status.text).toContain('you may not: eve may not approve, reject or promote in shop/production');
  const approved = await as('lena', ['approve', 'production'], 'ana');
  expect(approved.exitCode, approved.text).toBe(0);
  await expectText('people-down', await as('ana', ['down']), 4);
});

test('the audit says who did what, and how that is known', async () => {
  const { text } = await asOwner('audit', 'log', 'shop/production', '--json');
  const events = text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as StoredEvent);
  const approved = events.find(({ type }) => type === 'rollout.approved');
  expect(approved?.actor).toBe('lena');
  expect(events.filter(({ type }) => type === 'access.used')).toContainEqual(
    expect.objectContaining({
      actor: 'lena',
      data: { call: 'POST /v1/words', proof: 'let in as lena by uid <uid>' },
    }),
  );
  expect(events.find(({ type }) => type === 'rollout.requested')?.actor).toBe('ana');
});

test('whoever is taken away is outside', async () => {
  await expectText('people-not-granted', await asOwner('access', 'revoke', 'ana', 'admin'), 2);
  expect((await asOwner('access', 'revoke', 'ana')).exitCode).toBe(0);
  expect((await as('ana', ['status'])).exitCode).toBe(3);
});
