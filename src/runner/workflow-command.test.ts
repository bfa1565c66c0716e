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
});
