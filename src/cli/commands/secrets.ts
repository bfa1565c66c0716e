import { text } from 'node:stream/consumers';
import { CodedError } from '../../diagnostics/index.ts';
import { nameApp } from '../app-of.ts';
import { actorIn } from '../commit-of.ts';
import { outLook, show, withServer, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { renderTable } from '../render/table.ts';
import { age } from '../render/time.ts';

interface SecretsOptions extends CommonOptions {
  app?: string;
  environment: string;
}

/** Keeps a value that is read from stdin, so that no shell history and no process list ever has it. */
export async function set(context: CliContext, options: SecretsOptions, name: string): Promise<number> {
  return withServer(context, options, async (client) => {
    const app = await nameApp(context, client, options);
    const { environment } = options;
    const value = await readValue(context, name);
    const actor = await actorIn(context, context.cwd);
    const version = await client.setSecret({ app, environment, name, value, actor });
    show(context, options, { app, environment, name, version }, () => [
      `${name} of ${app}/${environment} is kept, version ${version}; the next rollout takes it`,
    ]);
    return exitCodes.done;
  });
}

/** Lists names and versions; values are never shown. */
export async function list(context: CliContext, options: SecretsOptions): Promise<number> {
  return withServer(context, options, async (client) => {
    const app = await nameApp(context, client, options);
    const secrets = await client.secrets({ app, environment: options.environment });
    show(context, options, secrets, () => {
      if (secrets.length === 0) return [`no secret is kept for ${app}/${options.environment}`];
      const rows = secrets.map(({ name, version, createdAtMs }) => [
        name,
        String(version),
        `${age(context.nowMs() - createdAtMs)} ago`,
      ]);
      return renderTable({ heads: ['NAME', 'VERSION', 'SET'], rows }, outLook(context));
    });
    return exitCodes.done;
  });
}

/** One line end at the end is `echo`'s, not the value's. */
async function readValue(context: CliContext, name: string): Promise<string> {
  const given = context.stdin.isTTY ? await ask(context, name) : await text(context.stdin);
  const value = given.replace(/\r?\n$/, '');
  if (value !== '') return value;
  throw new CodedError('cli/empty-secret', `there is no value for ${name} on stdin`, {
    help: `slipway secrets set ${name} --environment production < file-with-the-value`,
  });
}

const enter = ['\r', '\n', '\u0004'];
const interrupt = '\u0003';
const backspace = ['\u007f', '\b'];

/** Reads a line from the terminal without showing it. */
async function ask(context: CliContext, name: string): Promise<string> {
  const { stdin, err } = context;
  err.write(`value of ${name} (not shown): `);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  try {
    let value = '';
    for await (const chunk of stdin) {
      for (const letter of String(chunk)) {
        if (enter.includes(letter)) return value;
        if (letter === interrupt) throw new CodedError('cli/interrupted', 'nothing was kept');
        value = backspace.includes(letter) ? value.slice(0, -1) : value + letter;
      }
    }
    return value;
  } finally {
    stdin.setRawMode(false);
    err.write('\n');
  }
}
