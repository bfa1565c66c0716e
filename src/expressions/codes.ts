/** Every code of this room's findings and throws, without its `expressions/`, and what it stands for. */
export const expressionCodes = {
  syntax: 'The expression cannot be read.',
  'not-closed': 'A `${{` without its `}}`.',
  'too-long': 'The expression is longer than GitHub takes.',
  'too-deep': 'The expression, or a value, nests too deeply.',
  'unknown-function': 'A function that does not exist.',
  'argument-count': 'A function is given too few or too many arguments.',
  'unknown-context': 'A context that does not exist at this place.',
  'unavailable-function': 'A function that cannot be called at this place.',
  'always-true': 'A condition that has text beside its expression, and so is always true.',
  'bad-json': 'fromJSON() was given something else than JSON.',
  'bad-format': 'format() was given a malformed pattern, or too few arguments.',
  'bad-case': 'A condition of case() is neither true nor false.',
  'too-large': 'The text that an expression builds is too long.',
  'not-json': 'A value from outside that JSON cannot hold.',
} as const;

/** Code of a finding or throw of this room. */
export type ExpressionCode = keyof typeof expressionCodes;
