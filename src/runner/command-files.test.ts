import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CommandFiles, parseKeyValues } from './command-files.ts';

describe('lines of a command file', () => {
  test.each([
    ['a value', 'A=1', { A: '1' }],
    ['a value with = and << in it', 'A=b=c<<d', { A: 'b=c<<d' }],
    ['an empty value', 'A=', { A: '' }],
    ['several lines, with empty ones between', 'A=1\n\nB=2\n', { A: '1', B: '2' }],
    ['a heredoc', 'A<<EOF\none\ntwo\nEOF\nB=2', { A: 'one\ntwo', B: '2' }],
    ['an empty heredoc', 'A<<EOF\nEOF', { A: '' }],
    ['a heredoc with lines that look like values', 'A<<X\nB=1\n\nX', { A: 'B=1\n' }],
    ['returns, which belong to the values', 'A=1\r\nB<<E\r\nx\r\ny\r\nE\r\n', { A: '1\r', B: 'x\r\ny\r' }],
    ['a name that objects inherit', '__proto__=1', JSON.parse('{"__proto__":"1"}')],
  ])('%s', (_name, text, expected) => {
    const { values, problem } = parseKeyValues(text);
    expect(problem).toBeNull();
    expect(Object.entries(values)).toEqual(Object.entries(expected as object));
  });

  test.each([
    ['just words', "Invalid format 'just words'"],
    ['A<<EOF\nnever ended', "Invalid value. Matching delimiter not found 'EOF'"],
    ['=1', "Invalid format '=1'. Name must not be empty"],
    ['A<<', "Invalid format 'A<<'. Name must not be empty and delimiter must not be empty"],
  ])('%j is refused', (text, problem) => {
    expect(parseKeyValues(text).problem).toBe(problem);
  });
});

describe('the files of one step', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'slipway-files-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('are read once and removed', () => {
    const files = new CommandFiles(directory, '1');
    const variables = files.variables();
    writeFileSync(variables['GITHUB_PATH'] ?? '', '/a\n/b\n');
    writeFileSync(variables['GITHUB_OUTPUT'] ?? '', 'x=1\n');
    expect(files.collect()).toMatchObject({ paths: ['/a', '/b'], outputs: { x: '1' }, problems: [] });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('NODE_OPTIONS is refused', () => {
    const files = new CommandFiles(directory, '1');
    writeFileSync(files.variables()['GITHUB_ENV'] ?? '', 'NODE_OPTIONS=--inspect\nA=1\n');
    const { env, problems } = files.collect();
    expect(env).toEqual({ A: '1' });
    expect(problems).toEqual(["Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command."]);
  });

  test('a summary of more than 1 MiB is dropped with a word', () => {
    const files = new CommandFiles(directory, '1');
    writeFileSync(files.variables()['GITHUB_STEP_SUMMARY'] ?? '', 'x'.repeat(1024 * 1024 + 1));
    const { summary, warnings } = files.collect();
    expect(summary).toBe('');
    expect(warnings).toEqual([
      '$GITHUB_STEP_SUMMARY is dropped: it holds 1025k, and at most 1024k are kept.',
    ]);
  });

  test.each(['node_options', 'Node_Options'])('%s is refused however it is spelled', (name) => {
    const files = new CommandFiles(directory, '1');
    writeFileSync(files.variables()['GITHUB_ENV'] ?? '', `${name}=x\n`);
    expect(files.collect()).toMatchObject({ env: {}, problems: [expect.stringContaining(name)] });
  });

  test('names of the runner itself may be written, as on GitHub, where they change nothing', () => {
    const files = new CommandFiles(directory, '1');
    writeFileSync(files.variables()['GITHUB_ENV'] ?? '', 'GITHUB_SHA=x\nRUNNER_OS=y\n');
    expect(files.collect()).toMatchObject({ env: { GITHUB_SHA: 'x', RUNNER_OS: 'y' }, problems: [] });
  });

  test.each([
    ['UTF-8 with a mark', Buffer.from('\ufeffA=\u00e9\n', 'utf8')],
    ['UTF-16', Buffer.from('\ufeffA=\u00e9\n', 'utf16le')],
    ['UTF-16, the other way round', Buffer.from('\ufeffA=\u00e9\n', 'utf16le').swap16()],
    ['no line end', Buffer.from('A=\u00e9')],
  ])('%s is understood', (_name, bytes) => {
    const files = new CommandFiles(directory, '1');
    writeFileSync(files.variables()['GITHUB_OUTPUT'] ?? '', bytes);
    expect(files.collect()).toMatchObject({ outputs: { A: '\u00e9' }, problems: [] });
  });

  test('a directory in the place of one is a problem of the step', () => {
    const files = new CommandFiles(directory, '1');
    const path = files.variables()['GITHUB_OUTPUT'] ?? '';
    rmSync(path);
    mkdirSync(join(path, 'inside'), { recursive: true });
    const { problems } = files.collect();
    expect(problems).toEqual([
      expect.stringContaining("The step's GITHUB_OUTPUT file cannot be read: it is not a file any more"),
    ]);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a pipe in the place of one does not hold up the runner, and a link brings nothing in', () => {
    const files = new CommandFiles(directory, 'pipe');
    const { GITHUB_ENV: env = '', GITHUB_OUTPUT: output = '' } = files.variables();
    rmSync(env);
    execFileSync('mkfifo', [env]);
    rmSync(output);
    writeFileSync(join(directory, 'elsewhere'), 'A=1');
    symlinkSync(join(directory, 'elsewhere'), output);
    const { problems, outputs } = files.collect();
    expect(outputs).toEqual({});
    expect(problems).toEqual([
      "The step's GITHUB_ENV file cannot be read: it is not a file any more",
      "The step's GITHUB_OUTPUT file cannot be read: it has become a link",
    ]);
    expect(readdirSync(directory)).toEqual(['elsewhere']);
  });

  test('of a hundred thousand values are read at once', () => {
    const files = new CommandFiles(directory, '1');
    const lines = Array.from({ length: 100_000 }, (_, index) => `K${index}=${'v'.repeat(50)}`);
    writeFileSync(files.variables()['GITHUB_OUTPUT'] ?? '', lines.join('\n'));
    expect(Object.keys(files.collect().outputs)).toHaveLength(100_000);
  });

  test('that cannot be made say why', () => {
    expect(() => new CommandFiles(join(directory, 'nowhere'), '1')).toThrow(
      "The step's GITHUB_ENV file cannot be made: ENOENT",
    );
  });

  test('one that the step removed counts as empty', () => {
    const files = new CommandFiles(directory, '1');
    rmSync(files.variables()['GITHUB_ENV'] ?? '');
    expect(files.collect().env).toEqual({});
  });
});
