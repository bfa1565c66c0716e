import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `expressions/`, what it stands for and what to do. */
export const expressionCodes = {
  syntax: {
    means: 'The expression cannot be read.',
    todo: 'Mend the expression at the place that is marked.',
  },
  'not-closed': {
    means: 'A `${{` without its `}}`.',
    todo: 'Close it with `}}`.',
  },
  'too-long': {
    means: 'The expression is longer than GitHub takes.',
    todo: 'Move the work into a `run:` step and use its output.',
  },
  'too-deep': {
    means: 'The expression, or a value, nests too deeply.',
    todo: 'Flatten it: compute a part of it in a step.',
  },
  'unknown-function': {
    means: 'A function that does not exist.',
    todo: 'Use one of the functions listed.',
  },
  'argument-count': {
    means: 'A function is given too few or too many arguments.',
    todo: 'Give it as many arguments as the message says.',
  },
  'unknown-context': {
    means: 'A context that does not exist at this place.',
    todo: 'Use one of the contexts listed for this place.',
  },
  'unavailable-function': {
    means: 'A function that cannot be called at this place.',
    todo: "Move the call to a place that has it, such as a step's `if:`.",
  },
  'always-true': {
    means: 'A condition that has text beside its expression, and so is always true.',
    todo: 'Put the whole condition inside one `${{ }}`, or leave the braces out.',
  },
  'bad-json': {
    means: 'fromJSON() was given something else than JSON.',
    todo: 'Look at what the value really is: print it with `toJSON()` in a step.',
  },
  'bad-format': {
    means: 'format() was given a malformed pattern, or too few arguments.',
    todo: 'Write `{0}`, `{1}` … and give that many arguments; `{{` stands for a brace.',
  },
  'bad-case': {
    means: 'A condition of case() is neither true nor false.',
    todo: 'Compare explicitly, so that each condition is true or false.',
  },
  'too-large': {
    means: 'The text that an expression builds is too long.',
    todo: 'Pass large texts through files.',
  },
  'not-json': {
    means: 'A value from outside that JSON cannot hold.',
    todo: 'Nothing for you to mend: report it.',
  },
} as const satisfies Catalogue;

/** Code of a finding or throw of this room. */
export type ExpressionCode = keyof typeof expressionCodes;
