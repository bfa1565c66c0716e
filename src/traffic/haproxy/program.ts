import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CodedError } from '../../diagnostics/index.ts';
import { findProgram } from '../agent/programs.ts';
import type { AgentSettings } from '../agent/settings.ts';
import type { HaproxyPaths } from './paths.ts';

const run = promisify(execFile);
const checkTimeoutMs = 60_000;

/** The command line of HAProxy: a master that replaces its worker at a reload, in the foreground. */
export function programArgv(settings: AgentSettings, paths: HaproxyPaths): string[] {
  return [
    programPath(settings),
    '-W',
    '-S',
    `${paths.master},mode,600`,
    ...configFlags(settings, paths.config),
  ];
}

/** @throws CodedError `traffic/configuration-refused` with what HAProxy says of it. */
export async function checkConfig(settings: AgentSettings, file: string): Promise<void> {
  try {
    await run(programPath(settings), ['-c', ...configFlags(settings, file)], {
      timeout: checkTimeoutMs,
    });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const words = stderr ?? message;
    const notes = words
      .split('\n')
      .filter((line) => line.includes('[ALERT]'))
      .map((line) => line.replace(/^\[ALERT\]\s+\(\d+\)\s+:\s+/, ''));
    throw new CodedError(
      'traffic/configuration-refused',
      `HAProxy does not take the configuration: ${notes[0] ?? words.trim()}`,
      {
        notes,
        help:
          settings.ownConfig.length > 0
            ? `look at your own part, too: ${settings.ownConfig.join(', ')}; the routes before are still in force`
            : 'the routes before are still in force',
        cause: error,
      },
    );
  }
}

function programPath({ program }: AgentSettings): string {
  return program ?? findProgram('haproxy');
}

function configFlags({ ownConfig }: AgentSettings, file: string): string[] {
  return [...ownConfig, file].flatMap((one) => ['-f', one]);
}
