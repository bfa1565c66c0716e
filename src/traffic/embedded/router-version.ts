import { readFileSync } from 'node:fs';

/** The package's version, or 0.0.0 where the source was copied without it. */
export const routerVersion = readVersion();

function readVersion(): string {
  for (const up of ['../../../package.json', '../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      // One folder further up, or nowhere.
    }
  }
  return '0.0.0';
}
