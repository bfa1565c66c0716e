import { readFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { cliDocs } from './docs.ts';
import { buildProgram } from './program.ts';
import { runInWorld } from './testing/world.ts';

test('docs/cli.md is what the commands say now; write it with "node scripts/write-cli-docs.ts"', async () => {
  const file = new URL('../../docs/cli.md', import.meta.url);
  const options = await resolveConfig(file);
  expect(await readFile(file, 'utf8')).toBe(await format(cliDocs(), { ...options, parser: 'markdown' }));
});

test('every command has an example and takes --json and --no-color', () => {
  const program = buildProgram('0.1.0', () => Promise.resolve());
  const leaves = program.commands.flatMap((command) =>
    command.commands.length > 0 ? command.commands : [command],
  );
  expect(leaves.length).toBeGreaterThan(15);
  for (const command of leaves) {
    const flags = command.options.map(({ long }) => long);
    expect(flags, command.name()).toEqual(expect.arrayContaining(['--json', '--no-color']));
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    expect(help, command.name()).toMatch(/Examples?:\n {2}\$ .*slipway/);
  }
});

test('every example in the help is understood', async () => {
  for (const [, line = ''] of cliDocs().matchAll(/^(?:sudo )?slipway (.*)$/gm)) {
    const words = [...line.replace(/ < .*/, '').matchAll(/"([^"]*)"|\S+/g)].map(
      ([word, quoted]) => quoted ?? word,
    );
    let ran = false;
    const program = buildProgram('0.1.0', () => Promise.resolve(void (ran = true)));
    await program.parseAsync(words, { from: 'user' });
    expect(ran, line).toBe(true);
  }
});

test('without a word, the help is printed and the exit code is that of wrong usage', async () => {
  const { code, out } = await runInWorld([], '/h');
  expect(code).toBe(2);
  expect(out).toContain('Commands:');
  expect(await runInWorld(['ship', '--help'], '/h')).toMatchObject({ code: 0, err: '' });
  expect((await runInWorld(['help', 'ship'], '/h')).out).toContain('slipway ship --host');
});
