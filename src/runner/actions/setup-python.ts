import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';
import type { Action, ActionContext } from '../action.ts';
import { prependPath } from '../job-environment.ts';
import { newestPython, pythonRange, type Python } from '../python-version.ts';
import { restorePackages, savePackages } from './package-cache.ts';

/** `actions/setup-python`: a version that is installed on this machine; nothing is downloaded. */
export const setupPython: Action = {
  async main(context) {
    const { inputs } = context;
    checkArchitecture(inputs['architecture']);
    const found = await installed(context);
    const prereleases = inputs['allow-prereleases'] === 'true';
    // Of several versions, the last is the one that `python` means.
    const chosen = wantedVersions(context).map((wanted) => pick(found, wanted, prereleases));
    const python = chosen.at(-1);
    if (!python) throw notHere('any', found);
    const env = await placePython(context, chosen);
    context.setOutput('python-version', python.version);
    context.setOutput('python-path', python.path);
    context.say(`Python ${python.version} is on PATH: ${python.path}`);
    if (inputs['cache'] === 'pip') await restorePip(context, python, env);
    return undefined;
  },

  postIf: 'success()',
  post: savePackages,
};

function checkArchitecture(asked: string | undefined): void {
  if (!asked || asked.toLowerCase() === process.arch) return;
  throw new CodedError(
    'runner/python-version',
    `this machine is ${process.arch}, and "${asked}" was asked for`,
    {
      help: 'leave `architecture` out',
    },
  );
}

/** From the input, the file it names, or `.python-version`; whatever the machine has where nothing says. */
function wantedVersions({ inputs, spec }: ActionContext): string[] {
  const lines = (text: string) => text.split('\n').flatMap((line) => line.replace(/#.*$/, '').trim() || []);
  const asked = lines(inputs['python-version'] ?? '');
  if (asked.length > 0) return asked;
  const named = inputs['python-version-file'];
  const file = resolve(spec.directories.workspace, named || '.python-version');
  if (!existsSync(file)) {
    if (!named) return ['x'];
    throw new CodedError(
      'runner/python-version',
      `The specified python version file at: ${file} does not exist`,
    );
  }
  const text = readFileSync(file, 'utf8');
  const inToml = /^\s*(?:requires-python|python)\s*=\s*["']([^"']+)["']/m.exec(text)?.[1];
  const inTools = /^python\s+(\S+)/m.exec(text)?.[1];
  const versions = file.endsWith('.toml') ? inToml : (inTools ?? lines(text).join('\n'));
  if (versions) return lines(versions);
  throw new CodedError('runner/python-version', `${file} does not say which version of Python it wants`);
}

function pick(found: readonly Python[], wanted: string, prereleases: boolean): Python {
  const range = pythonRange(wanted);
  const python = newestPython(found, range, prereleases);
  if (!python) throw notHere(wanted, found);
  return python;
}

function notHere(wanted: string, found: readonly Python[]): CodedError {
  return new CodedError('runner/python-version', `Python ${wanted} is not installed on this machine`, {
    notes: [`here: ${found.map(({ version }) => version).join(', ') || 'none'}`],
    help: 'install it on the machine so that its program, such as python3.13, is on PATH; nothing is downloaded',
  });
}

/** Every Python on PATH that runs; the first of each version. */
async function installed(context: ActionContext): Promise<Python[]> {
  const directories = [...new Set((context.env['PATH'] ?? '').split(':'))].filter((path) => path !== '');
  const listed = directories.map(async (directory) => {
    const names = await readdir(directory).catch(() => []);
    const programs = names.filter((name) => /^python(3(\.\d+)?)?$/.test(name));
    return programs.map((name) => join(directory, name));
  });
  const asked = (await Promise.all(listed)).flat().map((program) => askPython(context, program));
  const found = new Map<string, Python>();
  for (const python of await Promise.all(asked)) {
    if (python && !found.has(python.version)) found.set(python.version, python);
  }
  return [...found.values()];
}

/** Null for a program that does not run, such as a version manager's stand-in for a version that is not chosen. */
async function askPython(context: ActionContext, program: string): Promise<Python | null> {
  const question = 'import platform, sys; print(platform.python_version(), sys.executable)';
  const end = await context.run([program, '-c', question], { quiet: true });
  const [version = '', path = ''] = end.stdout.trim().split(' ');
  return end.code === 0 && /^3\.\d/.test(version) ? { version, path } : null;
}

/** Small programs that call the real ones, since links would confuse where a Python looks for its libraries. */
async function placePython(
  context: ActionContext,
  chosen: readonly Python[],
): Promise<Record<string, string>> {
  const { directories } = context.spec;
  const bin = join(directories.temp, 'setup-python', 'bin');
  await mkdir(bin, { recursive: true });
  for (const { version, path } of chosen) {
    const minor = version.split('.').slice(0, 2).join('.');
    for (const name of ['python', 'python3', `python${minor}`]) await writeProgram(join(bin, name), path, []);
    for (const name of ['pip', 'pip3', `pip${minor}`])
      await writeProgram(join(bin, name), path, ['-m', 'pip']);
  }
  if (context.inputs['update-environment'] !== 'false') {
    context.addPath(bin);
    const location = resolve(chosen.at(-1)?.path ?? bin, '..', '..');
    for (const name of ['pythonLocation', 'Python_ROOT_DIR', 'Python3_ROOT_DIR'])
      context.exportVariable(name, location);
  }
  return { ...context.env, PATH: prependPath([bin], context.env['PATH']) };
}

async function writeProgram(file: string, python: string, args: string[]): Promise<void> {
  await writeFile(file, `#!/bin/sh\nexec '${python.replaceAll("'", `'\\''`)}' ${args.join(' ')} "$@"\n`);
  await chmod(file, 0o755);
}

async function restorePip(
  context: ActionContext,
  python: Python,
  env: Record<string, string>,
): Promise<void> {
  const end = await context.run([python.path, '-m', 'pip', 'cache', 'dir'], { env, quiet: true });
  const directory = end.stdout.trim().split('\n').at(-1) ?? '';
  const { inputs } = context;
  const hit = await restorePackages(context, {
    what: 'pip',
    paths: [end.code === 0 && directory.startsWith('/') ? directory : '~/.cache/pip'],
    prefix: `setup-python-${process.platform}-${process.arch}-python-${python.version}-pip-`,
    lockFiles: inputs['cache-dependency-path']?.split('\n') ?? ['**/requirements.txt', '**/pyproject.toml'],
  });
  context.setOutput('cache-hit', String(hit));
}
