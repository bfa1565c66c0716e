import { expect, test } from 'vitest';
import { readEnvText, readRawEnvText } from './dot-env.ts';
import { Findings } from './findings.ts';

const outside: Record<string, string> = { HOME: '/root', OVER: 'outside' };
const lookup = (name: string) => outside[name];

function read(text: string): Record<string, string> {
  const findings = new Findings();
  const values = readEnvText({ path: '.env', text, lookup }, findings);
  expect(findings.list()).toEqual([]);
  return Object.fromEntries(values);
}

test.each<[what: string, text: string, values: Record<string, string>]>([
  ['plain values', 'A=1\nB = two words \n', { A: '1', B: 'two words' }],
  ['comments', '# no\nA=1 # yes\nB=a#b\n\n   # no\n', { A: '1', B: 'a#b' }],
  ['export and colons', 'export A=1\nB: 2', { A: '1', B: '2' }],
  ['single quotes', "A='$HOME #x'\nB='it\\'s'", { A: '$HOME #x', B: "it's" }],
  ['double quotes', 'A="a\\nb\\t\\"c\\" $HOME" # x', { A: 'a\nb\t"c" /root' }],
  ['several lines', 'A="one\ntwo"\nB=\'three\nfour\'\nC=5', { A: 'one\ntwo', B: 'three\nfour', C: '5' }],
  ['references', 'A=1\nB=${A}2\nC=$B-$HOME\nD=${NONE:-d}', { A: '1', B: '12', C: '12-/root', D: 'd' }],
  ['the environment before the file', 'OVER=file\nA=$OVER', { OVER: 'file', A: 'outside' }],
  ['a name alone', 'HOME\nNONE\nA=1', { HOME: '/root', A: '1' }],
  ['the last of a name', 'A=1\nA=2', { A: '2' }],
  ['Windows lines and a byte order mark', '\uFEFFA=1\r\nB="2"\r\n', { A: '1', B: '2' }],
  ['nothing', '', {}],
  ['empty values', 'A=\nB=""\nC=\'\'', { A: '', B: '', C: '' }],
])('%s', (_, text, values) => {
  expect(read(text)).toEqual(values);
});

test('every line that is none is reported, and none of them is quoted', () => {
  const findings = new Findings();
  readEnvText({ path: '.env', text: 'A=1\nno line\nB="open\n1X=2\nC=3', lookup }, findings);
  expect(findings.list().map(({ message, at }) => [message, at?.start.line])).toEqual([
    ['this line is not NAME=value', 2],
    ['this value is not well quoted', 3],
    ['this line is not NAME=value', 4],
  ]);
});

test('raw lines stay as they are', () => {
  const findings = new Findings();
  const values = readRawEnvText({ path: 'e', text: 'A="q" # $HOME\n#c\nHOME\nB=', lookup }, findings);
  expect(Object.fromEntries(values)).toEqual({ A: '"q" # $HOME', HOME: '/root', B: '' });
});
