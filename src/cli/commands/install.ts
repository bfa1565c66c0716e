import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodedError } from '../../diagnostics/index.ts';
import { show, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { isLauncher, launcher } from '../launcher.ts';
import { defaultListen } from '../local-server.ts';
import { systemdUnits } from '../systemd-units.ts';

interface InstallOptions extends CommonOptions {
  http?: string;
  print?: boolean;
}

interface InstalledFile {
  file: string;
  text: string;
}

/**
 * Writes systemd units, so that the server and all apps are there after a start of the machine, and the command itself
 * where sessions of ssh find it.
 */
export async function install(context: CliContext, options: InstallOptions): Promise<number> {
  const forRoot = context.uid === 0;
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const program = {
    nodePath: process.execPath,
    slipwayJs: fileURLToPath(new URL('../../../bin/slipway.js', import.meta.url)),
  };
  const units = systemdUnits({
    forRoot,
    ...program,
    supervisorMain: fileURLToPath(new URL(`../../supervisor/main.${extension}`, import.meta.url)),
    home: options.home ?? context.defaultHome(),
    listen: options.http ?? context.env.SLIPWAY_HTTP ?? defaultListen,
    path: context.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
  });
  const folder = forRoot ? '/etc/systemd/system' : userFolder(context);
  const command = { file: commandFile(context, forRoot), text: launcher(program) };
  const files = Object.entries(units).map(([name, text]) => ({ file: join(folder, name), text }));
  if (!options.print) for (const one of files) await write(one, 0o644);
  if (options.print || (await isOurs(command.file))) {
    if (!options.print) await write(command, 0o755);
    files.push(command);
  }
  show(context, options, files, () => [
    ...files.flatMap(({ file, text }) => (options.print ? [`# ${file}`, text] : [`wrote ${file}`])),
    ...(options.print ? [] : nextSteps(context, forRoot)),
  ]);
  return exitCodes.done;
}

function userFolder({ env }: CliContext): string {
  return join(env.XDG_CONFIG_HOME ?? join(env.HOME ?? '/', '.config'), 'systemd/user');
}

function commandFile({ env }: CliContext, forRoot: boolean): string {
  return forRoot ? '/usr/local/bin/slipway' : join(env.HOME ?? '/', '.local/bin/slipway');
}

/** Nobody's, or a launcher of an earlier installation. */
async function isOurs(file: string): Promise<boolean> {
  try {
    return isLauncher(await readFile(file, 'utf8'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

async function write({ file, text }: InstalledFile, mode: number): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.tmp`, text, { mode });
    await rename(`${file}.tmp`, file);
  } catch (error) {
    throw new CodedError('cli/unit-not-written', `${file} cannot be written: ${(error as Error).message}`, {
      help: 'look at the units with "slipway install --print" and put them where your system wants them',
      cause: error,
    });
  }
}

function nextSteps({ user }: CliContext, forRoot: boolean): string[] {
  const systemctl = forRoot ? 'systemctl' : 'systemctl --user';
  return [
    'now let systemd start them, today and at each boot:',
    `  ${systemctl} daemon-reload`,
    `  ${systemctl} enable --now slipway-supervisor.service slipway.service`,
    ...(forRoot
      ? []
      : [
          'units of a user end when the user logs out; so that they stay, and start at boot:',
          `  sudo loginctl enable-linger ${user}`,
        ]),
  ];
}
