import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { findSecrets, secretRules } from './secret-rules.ts';

/** Put together here, so that this file itself holds none. */
const examples: Record<string, string> = {
  'AWS access key': `id = ${'AKIA'}${'IOSFODNN7EXAMPLE'}`,
  'AWS secret key': `AWS_SECRET_ACCESS_KEY=${'wJalrXUtnFEMI/K7MDENG/'}${'bPxRfiCYEXAMPLEKEY'}`,
  'private key': `-----BEGIN ${'OPENSSH PRIVATE'} KEY-----`,
  'GitHub token': `ghp_${'a1'.repeat(18)}`,
  'GitLab token': `glpat-${'a1'.repeat(10)}`,
  'npm token': `npm_${'a1'.repeat(18)}`,
  'Slack token': `xoxb-${'12'.repeat(12)}`,
  'Stripe key': `sk_live_${'a1'.repeat(12)}`,
  'Google API key': `AIza${'a'.repeat(35)}`,
  'password in a URL': `postgres://app:${'hunter2hunter2'}@db.internal/app`,
  'password in the code': `const password = "${'correct-horse-battery'}";`,
};

describe('findSecrets', () => {
  for (const { name } of secretRules) {
    it(`finds a ${name} and says on which line`, () => {
      const findings = findSecrets(`first\n${examples[name]}\n`);
      assert.deepEqual(findings, [{ line: 2, rule: name }]);
    });
  }

  it('leaves ordinary code alone', () => {
    const ordinary = [
      'const password = process.env.PASSWORD;',
      `DATABASE_URL: postgres://app:\${POSTGRES_PASSWORD}@database/app`,
      'import { token } from "./token.ts"; // AKIA is how such a key begins',
    ];
    assert.deepEqual(findSecrets(ordinary.join('\n')), []);
  });

  it('leaves a line alone that says it is an example', () => {
    const example = examples['AWS access key'];
    assert.deepEqual(findSecrets(`${example} // secret-scan:allow`), []);
  });
});

describe('scan-secrets', () => {
  const script = path.join(import.meta.dirname, 'scan-secrets.ts');

  it('fails with file and line when a secret was planted, and does not print it', (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'medianest-scan-'));
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(path.join(folder, 'config.ts'), `export {};\n${examples['GitHub token']}\n`);
    const result = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' });
    assert.equal(result.status, 1);
    assert.match(result.stderr, /^config\.ts:2: GitHub token$/m);
    assert.ok(!`${result.stdout}${result.stderr}`.includes('ghp_'));
  });
});
