/** Begins every launcher that Slipway writes; a file without it is somebody else's. */
const mark = '#!/bin/sh\n# slipway: written by "slipway install"\n';

/**
 * A small program in a folder of PATH, for people and for `--host`: a session of ssh knows neither a checkout nor the
 * folders that npm and version managers add.
 */
export function launcher({ nodePath, slipwayJs }: { nodePath: string; slipwayJs: string }): string {
  return `${mark}exec ${quote(nodePath)} ${quote(slipwayJs)} "$@"\n`;
}

/** Whether a file may be written over: npm, too, puts a `slipway` where a launcher would lie. */
export function isLauncher(text: string): boolean {
  return text.startsWith(mark);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
