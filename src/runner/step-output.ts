import { annotationPlace } from './annotations.ts';
import { ProblemReader } from './problem-matchers.ts';
import type { OutputStream, ProcessRun } from './run-process.ts';
import type { Session } from './session.ts';
import type { Annotation } from './spec.ts';
import { annotateProblem, StepCommands } from './step-commands.ts';

/** How many of the last lines a failed step shows. */
const tailLength = 20;
const longestTailLine = 2000;

/** GitHub keeps ten of each level for a step. */
const mostAnnotations = 10;

/** Takes the lines of one step: obeys commands, masks, logs, and remembers the end. */
export class StepOutput {
  readonly outputs: Record<string, string> = {};
  /** Kept for the second half of an action. */
  readonly state: Record<string, string>;
  /** Where its process runs, once there is one: for who looks in after a failure. */
  directory: string | null = null;
  /** Commands that fail the step. */
  readonly problems: string[] = [];
  readonly session: Session;
  readonly #step: number;
  readonly #commands: StepCommands;
  /** A problem of several lines stands in one stream. */
  readonly #readers: Record<OutputStream, ProblemReader>;
  readonly #annotated = { error: 0, warning: 0, notice: 0 };
  #tail: string[] = [];

  constructor(session: Session, step: number, state: Record<string, string> = {}) {
    this.session = session;
    this.#step = step;
    this.state = state;
    this.#commands = new StepCommands(this);
    const reader = () => new ProblemReader(session.matchers, (owner) => this.#dropped(owner));
    this.#readers = { stdout: reader(), stderr: reader() };
  }

  /** The last lines, masked. */
  lastLines(): string[] {
    return this.#tail.slice(-tailLength);
  }

  /**
   * How a process talks to this.
   *
   * @param env - The environment of the process; it may allow commands that are off otherwise.
   */
  sink(env: Record<string, string>): Pick<ProcessRun, 'onLine' | 'onBatch' | 'safeCut'> {
    this.#commands.env = env;
    return {
      onLine: (line, stream) => this.line(line, stream),
      onBatch: (lines, stream) => this.#readers[stream].expect(lines),
      safeCut: (text, at) => this.session.masks.safeCut(text, at),
    };
  }

  /** A line that the step printed. */
  line(raw: string, stream: OutputStream = 'stdout'): void {
    if (this.#commands.take(raw)) return;
    const found = this.#readers[stream].read(raw);
    if (found) annotateProblem(this, found);
    this.print(raw);
  }

  /** A line of Slipway's own, in the step's part of the log. */
  say(text: string): void {
    this.session.say(this.#step, text);
  }

  /** Keeps an annotation, masked; only the first ten of a level. */
  annotate(level: Annotation['level'], message: string, properties: Record<string, string> = {}): void {
    if (this.#annotated[level]++ >= mostAnnotations) return;
    const { masks, progress } = this.session;
    const { file, title } = properties;
    progress.report.annotations.push({
      level,
      message: masks.apply(message),
      step: this.#step,
      ...(file && { file: masks.apply(file) }),
      ...annotationPlace(properties),
      ...(title && { title: masks.apply(title) }),
    });
  }

  /** Tells of what is wrong and fails nothing. */
  warn(message: string): void {
    this.annotate('warning', message);
    this.say(`warning: ${message}`);
  }

  /** Logs a line of the step. */
  print(raw: string): void {
    const text = this.session.masks.apply(raw);
    this.session.log.write(this.#step, 'out', text);
    this.#remember(text);
  }

  /** Logs a command that people see. */
  show(raw: string): void {
    this.session.log.write(this.#step, 'command', this.session.masks.apply(raw));
  }

  /** Puts a line among the last ones that is not shown in the log. */
  recall(raw: string): void {
    this.#remember(this.session.masks.apply(raw));
  }

  #remember(text: string): void {
    this.#tail.push(text.length > longestTailLine ? `${text.slice(0, longestTailLine)}…` : text);
    if (this.#tail.length > 10 * tailLength) this.#tail = this.#tail.slice(-tailLength);
  }

  #dropped(owner: string): void {
    this.warn(`The problem matcher '${owner}' is removed: it took more than a second on one line.`);
  }
}
