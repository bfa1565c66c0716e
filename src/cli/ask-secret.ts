import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CodedError } from '../diagnostics/index.ts';
import type { CliContext } from './context.ts';

/**
 * Asks for a secret without showing what is typed.
 *
 * @throws CodedError `cli/no-secret` where nobody can be asked.
 */
export async function askSecret(context: CliContext, name: string): Promise<string> {
  const { stdin, err } = context;
  if (!stdin.isTTY) {
    throw new CodedError('cli/no-secret', `the secret ${name} has no value, and nobody can be asked for it`, {
      help: `set it in the environment: ${name}=… slipway run -s ${name}, or put it into a file: --secret-file`,
    });
  }
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true });
  err.write(`${name}: `);
  try {
    return await lines.question('');
  } finally {
    lines.close();
    err.write('\n');
  }
}
