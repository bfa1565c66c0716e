/** A name of ours in the user's own configuration collides with nothing. */
export function variable(key: string, name: string): string {
  return `$slipway_${key}_${name}`;
}

export function upstreamName(key: string, revision: string): string {
  return `slipway_${key}_${revision}`;
}

/** Text that stands as it is within single quotes, with no variable in it. @throws RangeError for what nginx cannot quote. */
export function literal(text: string): string {
  if (/[$\0\r\n]/.test(text)) throw new RangeError(`nginx cannot be told ${JSON.stringify(text)}`);
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** A pattern that matches a text and nothing else. */
export function exactly(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/** A block of the configuration. */
export function block(head: string, lines: readonly string[]): string {
  const body = lines
    .flatMap((line) => line.split('\n'))
    .map((line) => (line === '' ? '' : `  ${line}`))
    .join('\n');
  return `${head} {\n${body}\n}`;
}

/** `map`: the first pattern that matches decides. */
export function map(source: string, target: string, entries: readonly [string, string][]): string {
  return block(
    `map "${source}" ${target}`,
    entries.map(([key, value]) => `${key} ${value};`),
  );
}
