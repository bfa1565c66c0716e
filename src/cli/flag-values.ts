import { InvalidArgumentError } from 'commander';
import { CodedError } from '../diagnostics/index.ts';

/** The flag of every command that is about one app. */
export const ofApp = ['--app <name>', "the app, if not this repository's"] as const;

/** Reads a whole number from 1 on. */
export function count(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number from 1 on.');
}

/** Reads a whole number from 1 to so many. */
export function countUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value > 0 && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most.toLocaleString('en')}.`);
  };
}

/** Reads `NAME=value`, on top of those before. */
export function variable(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return { ...before, [name]: value };
  throw new InvalidArgumentError('Write it like this: NAME=value');
}

/**
 * Reads `10` or `10%`.
 *
 * @throws CodedError `flags/bad-percent`
 */
export function percentIn(text: string): number {
  const percent = Number(text.trim().replace(/%$/, ''));
  if (text.trim() !== '' && Number.isFinite(percent)) return percent;
  throw new CodedError('flags/bad-percent', `"${text}" is no share of users`, {
    help: 'name a number from 0 to 100 with at most two decimals, such as 10 or 0.5',
  });
}

/** Collects what a repeated flag was given. */
export function another(text: string, before: string[] = []): string[] {
  return [...before, text];
}
