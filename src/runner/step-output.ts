import type { Session } from './session.ts';
import type { Annotation } from './spec.ts';
import { isCommandName, parseWorkflowCommand, type WorkflowCommand } from './workflow-command.ts';

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
  readonly #session: Session;
  readonly #step: number;
  #tail: string[] = [];
  #resumeToken: string | null = null;

  constructor(session: Session, step: number, state: Record<string, string> = {}) {
    this.#session = session;
    this.#step = step;
    this.state = state;
  }

  /** The last lines, masked. */
  lastLines(): string[] {
    return this.#tail.slice(-tailLength);
  }

  /** A line that the step printed. */
  line(raw: string): void {
    const command = this.#resumeToken === null ? parseWorkflowCommand(raw) : null;
    if (command) this.#obey(command, raw);
    else if (this.#resumeToken !== null && raw.trim() === `::${this.#resumeToken}::`)
      this.#resumeToken = null;
    else this.#print(raw);
  }

  /** A line of Slipway's own, in the step's part of the log. */
  say(text: string): void {
    this.#session.say(this.#step, text);
  }

  annotate(level: Annotation['level'], message: string, properties: Record<string, string> = {}): void {
    const { annotations } = this.#session.progress.report;
    const same = annotations.filter((other) => other.step === this.#step && other.level === level);
    if (same.length >= mostAnnotations) return;
    const masked = this.#session.masks.apply(message);
    const line = Number(properties['line']);
    annotations.push({
      level,
      message: masked,
      step: this.#step,
      ...(properties['file'] !== undefined && { file: properties['file'] }),
      ...(line > 0 && { line }),
      ...(properties['title'] !== undefined && { title: this.#session.masks.apply(properties['title']) }),
    });
  }

  #print(raw: string): void {
    const text = this.#session.masks.apply(raw);
    this.#session.log.write(this.#step, 'out', text);
    this.#remember(text);
  }

  #show(raw: string): void {
    this.#session.log.write(this.#step, 'command', this.#session.masks.apply(raw));
  }

  #remember(text: string): void {
    this.#tail.push(text.length > longestTailLine ? `${text.slice(0, longestTailLine)}…` : text);
    if (this.#tail.length > 10 * tailLength) this.#tail = this.#tail.slice(-tailLength);
  }

  #obey(command: WorkflowCommand, raw: string): void {
    switch (command.name) {
      case 'add-mask':
        this.#session.addMask(command.data);
        return;
      case 'group':
      case 'endgroup':
        this.#show(`::${command.name}::${command.data}`);
        return;
      case 'error':
      case 'warning':
      case 'notice':
        this.annotate(command.name, command.data, command.properties);
        this.#show(raw);
        this.#remember(this.#session.masks.apply(`${command.name}: ${command.data}`));
        return;
      case 'debug':
        return;
      case 'stop-commands':
        this.#stopCommands(command.data.trim());
        return;
      case 'set-output':
      case 'save-state':
        this.#setDeprecated(command);
        return;
      case 'set-env':
      case 'add-path':
        this.problems.push(
          `The \`${command.name}\` command is disabled. Write to $GITHUB_${command.name === 'set-env' ? 'ENV' : 'PATH'} instead.`,
        );
        return;
      default:
        this.say(`::${command.name}:: has no effect here.`);
    }
  }

  #stopCommands(token: string): void {
    if (token === '' || isCommandName(token)) {
      this.problems.push(
        `Invalid token for stop-commands: '${token}'. It must not be empty or a command's name.`,
      );
    } else this.#resumeToken = token;
  }

  #setDeprecated(command: WorkflowCommand): void {
    const name = command.properties['name'];
    const file = command.name === 'set-output' ? 'GITHUB_OUTPUT' : 'GITHUB_STATE';
    if (!name) {
      this.problems.push(`Required field 'name' is missing in ##[${command.name}] command.`);
      return;
    }
    (command.name === 'set-output' ? this.outputs : this.state)[name] = command.data;
    const message = `The \`${command.name}\` command is deprecated. Write to $${file} instead.`;
    this.annotate('warning', message);
    this.say(message);
  }
}
