import { describe, expect, test } from 'vitest';
import { parseWorkflowCommand } from './workflow-command.ts';

describe('workflow commands', () => {
  test.each([
    ['::group::Build', { name: 'group', properties: {}, data: 'Build' }],
    ['  ::endgroup::', { name: 'endgroup', properties: {}, data: '' }],
    [
      '::error file=a.ts,line=3,title=T%3A x%2Cy::first%0Asecond 100%25',
      { name: 'error', properties: { file: 'a.ts', line: '3', title: 'T: x,y' }, data: 'first\nsecond 100%' },
    ],
    ['::set-output name=a::b::c', { name: 'set-output', properties: { name: 'a' }, data: 'b::c' }],
    ['::ADD-MASK::x', { name: 'add-mask', properties: {}, data: 'x' }],
    [
      '::warning FILE=a,EndLine=4,endColumn=2::x',
      { name: 'warning', properties: { file: 'a', endLine: '4', endColumn: '2' }, data: 'x' },
    ],
    ['##[add-mask]a%5Db%3Bc', { name: 'add-mask', properties: {}, data: 'a]b;c' }],
    ['::error::100%2541', { name: 'error', properties: {}, data: '100%41' }],
    ['text ##[warning file=a]careful', { name: 'warning', properties: { file: 'a' }, data: 'careful' }],
  ])('%s', (line, expected) => {
    expect(parseWorkflowCommand(line)).toEqual(expected);
  });

  test.each(['plain', '::unknown::x', '::group', 'x ::group::y', 'std::vector::size', '##[nothing]'])(
    '%s is output',
    (line) => {
      expect(parseWorkflowCommand(line)).toBeNull();
    },
  );

  test('a token counts as a command only while it is waited for', () => {
    expect(parseWorkflowCommand('::Tok::', 'tok')).toEqual({ name: 'tok', properties: {}, data: '' });
    expect(parseWorkflowCommand('##[tok]', 'tok')?.name).toBe('tok');
    expect(parseWorkflowCommand('::tok::')).toBeNull();
  });
});
