type Level = 'info' | 'warn' | 'error';

/** One JSON object a line on standard output, for whoever collects it. */
export function log(level: Level, message: string, fields: Record<string, unknown> = {}): void {
  const line = { time: new Date().toISOString(), level, message, ...fields };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
