/** Where a text stops being JSON, and why; null when it is JSON. The engine itself does not always say where. */
export function jsonMistake(text: string): { offset: number; what: string } | null {
  const whole = errorOf(text);
  if (whole === null) return null;
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isBroken(text.slice(0, middle))) high = middle;
    else low = middle + 1;
  }
  const what = whole.replace(/,? (?:\.\.\.)?".*$|(?: in JSON)? at position .*$/s, '');
  return { offset: isBroken(text) ? Math.max(0, low - 1) : text.length, what };
}

function errorOf(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether nothing that follows could still make it JSON. */
function isBroken(beginning: string): boolean {
  const message = errorOf(beginning);
  if (message === null || /end of JSON input|Unterminated string/.test(message)) return false;
  return Number(/position (\d+)/.exec(message)?.[1]) !== beginning.length;
}
