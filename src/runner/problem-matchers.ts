import { stripVTControlCharacters } from 'node:util';
import { sameOwner, type MatcherConfig, type ProblemField, type ProblemPattern } from './matcher-config.ts';
import { RegexGuard, type Match } from './regex-guard.ts';

/** What a matcher read from one or several lines. */
export type Problem = Partial<Record<ProblemField, string>>;

/** The matchers that a job's steps have added, the newest first. */
export class ProblemMatchers {
  #configs: readonly MatcherConfig[] = [];
  /** Changes with every addition and removal. */
  version = 0;

  get configs(): readonly MatcherConfig[] {
    return this.#configs;
  }

  /** They take the place of earlier ones of the same owners. */
  add(configs: readonly MatcherConfig[]): void {
    for (const config of configs) this.#configs = [config, ...this.#without(config.owner)];
    this.version++;
  }

  remove(owner: string): void {
    this.#configs = this.#without(owner);
    this.version++;
  }

  #without(owner: string): MatcherConfig[] {
    return this.#configs.filter((config) => !sameOwner(config.owner, owner));
  }
}

/** A matcher amid the lines of one stream. */
interface Running {
  config: MatcherConfig;
  /** What the first patterns found so far; the next line may continue it. */
  state: (Problem | null)[];
}

/**
 * Looks for problems in the lines of one stream of a step.
 *
 * @see https://github.com/actions/runner src/Runner.Worker/IssueMatcher.cs, Handlers/OutputManager.cs
 */
export class ProblemReader {
  readonly #matchers: ProblemMatchers;
  readonly #onDropped: (owner: string) => void;
  readonly #guard = new RegexGuard();
  #running: Running[] = [];
  #version = -1;
  /** What the patterns find in lines that are about to come. */
  #ahead = new Map<string, Map<RegExp, Match | null>>();

  /** @param onDropped - Told of a matcher that took too long; it is gone from the job then. */
  constructor(matchers: ProblemMatchers, onDropped: (owner: string) => void) {
    this.#matchers = matchers;
    this.#onDropped = onDropped;
  }

  /** Looks at lines that are about to come all at once, which is much cheaper than one by one. */
  expect(lines: readonly string[]): void {
    this.#ahead.clear();
    if (this.#matchers.configs.length === 0) return;
    this.#refresh();
    const patterns = this.#running.flatMap(({ config }) => config.patterns.map(({ regexp }) => regexp));
    const plain = [...new Set(lines.map(stripVTControlCharacters))];
    const results = this.#guard.match(patterns, plain);
    if (!results) return;
    for (const [at, line] of plain.entries()) {
      this.#ahead.set(
        line,
        new Map(patterns.map((pattern, index) => [pattern, results[at]?.[index] ?? null])),
      );
    }
  }

  /** The problem that a line completes, if any. */
  read(raw: string): { problem: Problem; config: MatcherConfig } | null {
    if (this.#matchers.configs.length === 0) return null;
    this.#refresh();
    const line = stripVTControlCharacters(raw);
    for (const running of this.#running) {
      const problem = this.#advance(running, line);
      if (!problem) continue;
      for (const other of this.#running) if (other !== running) other.state = [];
      return { problem, config: running.config };
    }
    return null;
  }

  #refresh(): void {
    if (this.#version === this.#matchers.version) return;
    this.#version = this.#matchers.version;
    const before = this.#running;
    this.#running = this.#matchers.configs.map(
      (config) => before.find((running) => running.config === config) ?? { config, state: [] },
    );
    this.#ahead.clear();
  }

  /** From the last pattern back, so that one line continues only what earlier lines began. */
  #advance(running: Running, line: string): Problem | null {
    const { patterns } = running.config;
    const { state } = running;
    for (let at = patterns.length - 1; at >= 0; at--) {
      const begun = at === 0 ? {} : state[at - 1];
      const pattern = patterns[at];
      if (!begun || !pattern) continue;
      const match = this.#match(running, pattern.regexp, line);
      if (match === 'dropped') return null;
      const isLast = at === patterns.length - 1;
      if (!match) state[isLast ? at - 1 : at] = null;
      else if (!isLast) state[at] = continued(begun, pattern, match);
      else {
        running.state = [];
        if (pattern.loop) running.state[at - 1] = begun;
        return continued(begun, pattern, match);
      }
    }
    return null;
  }

  #match(running: Running, pattern: RegExp, line: string): Match | null | 'dropped' {
    const known = this.#ahead.get(line)?.get(pattern);
    if (known !== undefined) return known;
    const results = this.#guard.match([pattern], [line]);
    if (results) return results[0]?.[0] ?? null;
    this.#matchers.remove(running.config.owner);
    this.#onDropped(running.config.owner);
    return 'dropped';
  }
}

/** What earlier lines said stays. */
function continued(begun: Problem, pattern: ProblemPattern, match: Match): Problem {
  const problem: Problem = { ...begun };
  for (const [field, group] of Object.entries(pattern.groups) as [ProblemField, number][]) {
    problem[field] ??= match[group] ?? '';
  }
  return problem;
}
