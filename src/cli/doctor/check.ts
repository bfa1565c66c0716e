/** One thing that was looked at. */
export interface Check {
  /** A word for it, such as `git`. */
  name: string;
  /** `warning`: something will not work that you may not need. `problem`: what is here cannot work. */
  state: 'ok' | 'warning' | 'problem';
  /** What was found. */
  says: string;
  /** The command or change that mends it; null when nothing needs mending. */
  next: string | null;
}

export function ok(name: string, says: string): Check {
  return { name, state: 'ok', says, next: null };
}

export function warning(name: string, says: string, next: string): Check {
  return { name, state: 'warning', says, next };
}

export function problem(name: string, says: string, next: string): Check {
  return { name, state: 'problem', says, next };
}
