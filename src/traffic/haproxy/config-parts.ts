import type { AgentSettings } from '../agent/settings.ts';
import type { HaproxyPaths } from './paths.ts';
import type { Shape, Slots } from './slots.ts';

/** What a configuration is made of. */
export interface ConfigParts {
  settings: AgentSettings;
  paths: HaproxyPaths;
  shape: Shape;
  slots: Slots;
  /** Certificate files; without one TLS is not spoken, whatever the settings say. */
  certificates: readonly string[];
  /** Whether routes were lost, so that an unknown host may be one of ours. */
  damaged: boolean;
}

/** A section of the configuration; lines that do not apply are false. */
export function section(head: string, lines: readonly (string | false)[]): string {
  return [head, ...lines.filter((line) => line !== false).map((line) => `  ${line}`)].join('\n');
}

/** An address as HAProxy reads it. */
export function address({ host, port }: { host: string; port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
